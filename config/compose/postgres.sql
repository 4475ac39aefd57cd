-- Run once, when the database is made. The role is no superuser: it makes the schema and the role of
-- each matter, and row-level security holds for it.
\set secret `cat /run/secrets/catalog_password`
CREATE ROLE ediscovery LOGIN CREATEROLE PASSWORD :'secret';
CREATE DATABASE ediscovery OWNER ediscovery;
REVOKE CONNECT ON DATABASE ediscovery FROM PUBLIC;
