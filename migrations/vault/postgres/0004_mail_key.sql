-- The key `mail` in `server_keys` signs the links in mails. Whoever has it can choose anybody's password, so query-api never
-- sees it: beside command-api, only logins that are granted `evident_vault_mailer` do, which is the projector's. Whoever may
-- not make roles grants the same by hand.
do $$
begin
    create role evident_vault_mailer nologin;
exception when duplicate_object or unique_violation or insufficient_privilege then null;
end
$$;

do $$
begin
    if exists (select from pg_roles where rolname = 'evident_vault_mailer') then
        grant usage on schema evident_vault to evident_vault_mailer;
        grant select on evident_vault.server_keys to evident_vault_mailer;
        create policy mailer on evident_vault.server_keys for select to evident_vault_mailer
            using (purpose = 'mail');
    end if;
end
$$;
