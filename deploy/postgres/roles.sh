#!/bin/sh
# The databases of a spread-out Evident and the logins of its services, each with no more rights than it needs. To be run
# once, by a superuser, on an empty server, before `evident migrate`; the postgres image runs it by itself from
# /docker-entrypoint-initdb.d. Where psql connects is said by PGHOST, PGPORT, PGUSER, as always.
#
#   evident_owner      owns log and vault: `evident migrate` and nothing else
#   evident_command    command-api: appends through a function, reads the log, reads and writes the vault
#   evident_projector  projector: owns the read models, reads the log, opens profiles, signs links in mails
#   evident_query      query-api: reads the read models and the log, opens profiles and pictures, notes exports and the use of keys
#
# Nobody but evident_command can read what proves who somebody is: credential keys, private signing keys, the key of the
# refresh tokens. The key of the links in mails the projector reads too, since it sends them. Nobody at all changes a record: triggers refuse it to owners and superusers too.
set -eu

: "${EVIDENT_OWNER_PASSWORD:?}" "${EVIDENT_COMMAND_PASSWORD:?}" "${EVIDENT_PROJECTOR_PASSWORD:?}" "${EVIDENT_QUERY_PASSWORD:?}"

# Values travel as psql variables over standard input, so that no process list shows them.
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --dbname "${PGDATABASE:-postgres}" <<SQL
\\set owner '$EVIDENT_OWNER_PASSWORD'
\\set command '$EVIDENT_COMMAND_PASSWORD'
\\set projector '$EVIDENT_PROJECTOR_PASSWORD'
\\set query '$EVIDENT_QUERY_PASSWORD'

create role evident_log_writer nologin;
create role evident_log_reader nologin;
create role evident_log_noter nologin;
create role evident_vault_command nologin;
create role evident_vault_reader nologin;
create role evident_vault_mailer nologin;
create role evident_read_reader nologin;

create role evident_owner login password :'owner' connection limit 10;
create role evident_command login password :'command' connection limit 200;
create role evident_projector login password :'projector' connection limit 150;
create role evident_query login password :'query' connection limit 200;

grant evident_log_writer, evident_vault_command to evident_command;
grant evident_log_reader, evident_vault_reader, evident_vault_mailer to evident_projector;
grant evident_log_reader, evident_log_noter, evident_vault_reader, evident_read_reader to evident_query;

alter role evident_command set statement_timeout = '15s';
alter role evident_query set statement_timeout = '15s';
alter role evident_command set idle_in_transaction_session_timeout = '15s';
alter role evident_projector set idle_in_transaction_session_timeout = '15s';
alter role evident_query set idle_in_transaction_session_timeout = '15s';

create database evident_log owner evident_owner;
create database evident_vault owner evident_owner;
create database evident_read owner evident_projector;
revoke all on database evident_log, evident_vault, evident_read from public;
grant connect on database evident_log to evident_command, evident_projector, evident_query;
grant connect on database evident_vault to evident_command, evident_projector, evident_query;
grant connect on database evident_read to evident_query;
SQL
