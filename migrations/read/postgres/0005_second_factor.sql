-- Whether signing in asks for more than the password. Nobody had a second factor before this column.
alter table users add column second_factor boolean not null default false;
