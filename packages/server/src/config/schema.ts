/**
 * The one schema of the configuration: every key with its default, unit and reason. `merpati config
 * explain KEY` prints the descriptions; the reference in docs/configuration.md is generated from
 * them.
 */

import { z } from 'zod';

const addresses = z.array(z.string());

const listen = z.strictObject({
  smtp: addresses.default([]).describe('Addresses for mail from other servers, e.g. "0.0.0.0:25".'),
  submission: addresses
    .default([])
    .describe('Addresses for mail from our users, STARTTLS first, e.g. ":587". RFC 6409.'),
  submissions: addresses
    .default([])
    .describe('The same with TLS from the first byte, e.g. ":465". RFC 8314.'),
  pop3: addresses.default([]).describe('POP3 with STLS, e.g. ":110". RFC 1939, 2595.'),
  pop3s: addresses
    .default([])
    .describe('POP3 with TLS from the first byte, e.g. ":995". RFC 8314.'),
  imap: addresses.default([]).describe('IMAP with STARTTLS, e.g. ":143". RFC 9051, 3501.'),
  imaps: addresses
    .default([])
    .describe('IMAP with TLS from the first byte, e.g. ":993". RFC 8314.'),
  https: addresses
    .default([])
    .describe('MTA-STS policies and the set-up of mail programs, e.g. ":443". RFC 8461, 9110.'),
  acme: addresses
    .default([])
    .describe('Answers to ACME over HTTP, and the way to HTTPS for the rest, e.g. ":80".'),
  http: addresses
    .default(['127.0.0.1:8025'])
    .describe('Health and metrics; keep it on loopback or behind a proxy.'),
});

const tls = z.strictObject({
  certificate_file: z.string().default('').describe('PEM chain, the host certificate first.'),
  key_file: z.string().default('').describe('PEM private key of that certificate.'),
  certificates: z
    .array(
      z.strictObject({
        certificate_file: z.string().describe('PEM chain, for the names that it contains.'),
        key_file: z.string().describe('PEM private key of that certificate.'),
      }),
    )
    .default([])
    .describe('More certificates, for clients that ask for their names (SNI).'),
});

const acme = z.strictObject({
  terms_agreed: z
    .boolean()
    .default(false)
    .describe('You agree to the terms of the authority; this switches certificates by ACME on.'),
  directory: z
    .string()
    .default('https://acme-v02.api.letsencrypt.org/directory')
    .describe('The authority that gives certificates. RFC 8555.'),
  contact: addresses
    .default([])
    .describe('Addresses that the authority may write to, e.g. ["postmaster@contoh.id"].'),
  challenge: z
    .enum(['http-01', 'tls-alpn-01', 'dns-01'])
    .default('http-01')
    .describe('How names are proven: listen.acme on port 80, listen.https on 443, or the DNS.'),
  names: addresses
    .default([])
    .describe('More names for the certificate of this host; those of domains come by themselves.'),
  eab_key_id: z
    .string()
    .default('')
    .describe('Key identifier of an account at the authority (external account binding).'),
  eab_key: z.string().default('').describe('Its key in base64url. Better as eab_key_file.'),
  eab_key_file: z.string().default('').describe('File with that key.'),
  dns_server: z
    .string()
    .default('')
    .describe('For dns-01: the server that takes updates of the zones, "192.0.2.53:53". RFC 2136.'),
  dns_zone: z.string().default('').describe('The zone to be changed; empty: found from each name.'),
  dns_key_name: z.string().default('').describe('Name of the TSIG key. RFC 8945.'),
  dns_key_algorithm: z
    .enum(['hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'])
    .default('hmac-sha256')
    .describe('Its algorithm.'),
  dns_key: z.string().default('').describe('Its secret in base64. Better as dns_key_file.'),
  dns_key_file: z.string().default('').describe('File with that secret.'),
});

const limits = z.strictObject({
  message_bytes_max: z
    .int()
    .min(65_536)
    .default(52_428_800)
    .describe('Largest message taken, in octets; announced by SIZE (RFC 1870).'),
  recipients_max: z
    .int()
    .min(100)
    .default(1000)
    .describe(
      'Recipients of one transaction; announced by LIMITS (RFC 9422). RFC 5321 asks ≥ 100.',
    ),
  connections_max: z
    .int()
    .min(1)
    .default(5000)
    .describe('Open connections of all protocols together.'),
  connections_per_ip_max: z
    .int()
    .min(1)
    .default(100)
    .describe('Open connections from one IPv4 address or IPv6 /64.'),
  errors_max: z.int().min(1).default(10).describe('Refused commands before a session is ended.'),
  command_timeout_s: z
    .int()
    .min(1)
    .default(300)
    .describe('Wait for a command. RFC 5321 §4.5.3.2.7.'),
  data_timeout_s: z.int().min(1).default(180).describe('Wait for the next block of a message.'),
  transaction_timeout_s: z
    .int()
    .min(60)
    .default(1800)
    .describe('A whole message must have arrived within this time, however slowly.'),
  messages_per_day: z
    .int()
    .min(0)
    .default(1000)
    .describe('Messages one account may send in a day, unless it has a limit of its own.'),
  new_recipients_per_day: z
    .int()
    .min(0)
    .default(200)
    .describe('People one account may first write to in a day, unless it has a limit of its own.'),
});

const queue = z.strictObject({
  retry_after_s: z
    .array(z.int().min(1))
    .min(1)
    .default([60, 180, 600, 1200, 1800, 3600, 7200, 14_400])
    .describe('Waits between attempts; the last one repeats. ± 15 % of chance is added.'),
  expire_after_s: z
    .int()
    .min(60)
    .default(432_000)
    .describe('Five days, then the message goes back.'),
  delay_notice_after_s: z
    .int()
    .min(60)
    .default(14_400)
    .describe('When the sender is told of a delay.'),
  concurrency_max: z.int().min(1).default(100).describe('Outgoing connections at one time.'),
  concurrency_per_domain_max: z.int().min(1).default(10).describe('Of these, to one destination.'),
  rate_per_domain_per_minute: z
    .int()
    .min(0)
    .default(0)
    .describe('Messages to one destination; 0: no limit.'),
});

const route = z.strictObject({
  domain: z.string().describe('Recipient domain, ".example.org" for its sub-domains, "*" for all.'),
  host: z.string().describe('The next server: a name or an address; no MX is asked for it.'),
  port: z.int().min(1).max(65_535).default(25).describe('Port of that server.'),
  tls: z
    .enum(['opportunistic', 'require', 'implicit', 'off'])
    .default('opportunistic')
    .describe('STARTTLS if offered, STARTTLS or nothing, TLS from the first byte, or none.'),
  username: z.string().default('').describe('For AUTH at that server; empty: no AUTH.'),
  password: z.string().default('').describe('Better as password_file.'),
  password_file: z
    .string()
    .default('')
    .describe('File with the password; a relative one lies in $CREDENTIALS_DIRECTORY or here.'),
});

const withheld = z.strictObject({
  account: z.string().default('*').describe('Whose sessions: an address, "*" for any text.'),
  client: z
    .string()
    .default('*')
    .describe('Name and version as the client tells them by ID (RFC 2971), "*" for any text.'),
  capabilities: addresses.describe('What is not offered then, e.g. ["UIDONLY", "NOTIFY"].'),
});

const exception = z.strictObject({
  author: z
    .string()
    .default('*')
    .describe('Domain in From, ".example.org" for its sub-domains, "*" for all.'),
  recipient: z.string().default('*').describe('Address or domain of ours, "*" for all.'),
  authentication: z
    .enum(['enforce', 'observe'])
    .describe('What holds for mail of that author to that recipient; the first match decides.'),
});

const dnsList = z.strictObject({
  zone: z.string().describe('Where the list is asked, e.g. "bl.example.org". RFC 5782.'),
  kind: z
    .enum(['block', 'allow'])
    .default('block')
    .describe('Of those that send what nobody wants, or of those that are known to be good.'),
  weight: z
    .int()
    .min(0)
    .max(100)
    .default(6)
    .describe('Points for who is on it; on a list of the good ones they are taken off.'),
  answers: addresses
    .default(['127.0.0.0/8'])
    .describe('Answers that count, as networks, e.g. ["127.0.0.2", "127.0.0.4/30"].'),
  refuse: z
    .boolean()
    .default(false)
    .describe('Take nothing from who is on it (550 5.7.1), instead of weighing it.'),
});

const checks = z.strictObject({
  authentication: z
    .enum(['enforce', 'observe', 'off'])
    .default('enforce')
    .describe('SPF, DKIM, DMARC, ARC: do what the author domain asks, only tell, or do not look.'),
  exceptions: z.array(exception).default([]).describe('Authors and recipients with another rule.'),
  trusted_networks: addresses
    .default(['127.0.0.1', '::1'])
    .describe('Clients that are not judged: this machine, relays and filters of your own.'),
  trusted_forwarders: addresses
    .default([])
    .describe('Domains of lists and forwarders whose ARC seal is believed when DMARC fails.'),
  dns_timeout_s: z
    .int()
    .min(1)
    .max(60)
    .default(10)
    .describe('How long a whole message waits for the DNS, all its questions together.'),
  lists: z.array(dnsList).default([]).describe('Lists of addresses in the DNS; none are asked.'),
  junk_weight: z
    .int()
    .min(0)
    .default(10)
    .describe('Points from which a message goes to Junk; 0: never for its points alone.'),
  greylist: z
    .boolean()
    .default(false)
    .describe('Ask senders that are not known to come back later. RFC 6647.'),
  greylist_wait_s: z.int().min(1).default(300).describe('How much later.'),
});

const dkim = z.strictObject({
  sign: z
    .boolean()
    .default(true)
    .describe('Sign what is written here, with the keys of its domain. RFC 6376.'),
  rotate_after_days: z
    .int()
    .min(0)
    .max(3650)
    .default(90)
    .describe('New keys are made after this; they sign once they are in the DNS. 0: never.'),
});

const publish = z.strictObject({
  addresses: addresses
    .default([])
    .describe('Addresses of this server as the world sees them, for A and AAAA records.'),
  spf: z
    .string()
    .default('mx -all')
    .describe('SPF terms behind "v=spf1": who sends for the domains. RFC 7208.'),
  dmarc: z
    .enum(['none', 'quarantine', 'reject'])
    .default('none')
    .describe('What others shall do with forgeries; go on from none when the reports are clean.'),
  reports_to: z
    .string()
    .default('')
    .describe('Address for DMARC and TLS reports; empty: dmarc-reports@, tls-reports@ the domain.'),
  sts: z
    .enum(['none', 'testing', 'enforce'])
    .default('testing')
    .describe('Mode of the MTA-STS policy, where HTTPS is served. RFC 8461 §5.'),
  sts_max_age_s: z
    .int()
    .min(86_400)
    .max(31_557_600)
    .default(1_209_600)
    .describe('How long others remember the MTA-STS policy. RFC 8461 §3.2.'),
  ca: z
    .string()
    .default('')
    .describe(
      'The authority that a CAA record names; empty: that of ACME where known, else no record.',
    ),
  ttl_s: z
    .int()
    .min(1)
    .max(86_400)
    .default(3600)
    .describe('How long caches keep the records; keys that retire stay this much longer.'),
});

const reports = z.strictObject({
  dmarc: z
    .boolean()
    .default(true)
    .describe('Tell domains that ask for it, once a day, what came in their name. RFC 9990.'),
  tls: z
    .boolean()
    .default(true)
    .describe('Tell domains that ask for it, once a day, how TLS with their hosts went. RFC 8460.'),
  domain: z
    .string()
    .default('')
    .describe('Domain in whose name reports go out; empty: that of the hostname, else the oldest.'),
  organisation: z.string().default('').describe('Who reports; empty: the name of that domain.'),
  contact: z
    .string()
    .default('')
    .describe('Address for questions about reports; empty: postmaster of that domain.'),
  keep_days: z
    .int()
    .min(1)
    .max(3650)
    .default(90)
    .describe('How long reports of others are kept for "merpati report".'),
});

export const configSchema = z.strictObject({
  hostname: z
    .string()
    .default('')
    .describe('The name this server greets with; must have A/AAAA and PTR records.'),
  data: z.string().default('/var/lib/merpati').describe('Folder of the store.'),
  listen: listen.prefault({}),
  tls: tls.prefault({}),
  acme: acme.prefault({}),
  threads: z
    .strictObject({
      protocol: z
        .int()
        .min(0)
        .max(16)
        .default(0)
        .describe(
          'Threads that speak SMTP, POP3 and IMAP on the same ports; 0: one for every two cores, ' +
            'at least 1 and at most 8. The other core is for storing, indexing and hashing.',
        ),
    })
    .prefault({}),
  limits: limits.prefault({}),
  queue: queue.prefault({}),
  routes: z.array(route).default([]).describe('Ways out other than MX: smarthosts, fixed hosts.'),
  dns: z
    .strictObject({
      servers: addresses
        .default([])
        .describe('Resolvers, "127.0.0.1" or "127.0.0.1:5353"; empty: those of /etc/resolv.conf.'),
      trust_ad: addresses
        .default([])
        .describe(
          'Addresses of resolvers that are believed when they say "DNSSEC is right" (AD), ' +
            'besides those of this machine: only where nobody can forge answers on the way. ' +
            'DANE needs one.',
        ),
      timeout_ms: z
        .int()
        .min(100)
        .default(3000)
        .describe('Wait for one answer before the next server.'),
    })
    .prefault({}),
  proxy: z
    .strictObject({
      networks: addresses
        .default([])
        .describe('Networks whose PROXY protocol header (v1, v2) is believed and required.'),
    })
    .prefault({}),
  checks: checks.prefault({}),
  dkim: dkim.prefault({}),
  publish: publish.prefault({}),
  reports: reports.prefault({}),
  pop: z
    .strictObject({
      keep_days: z
        .int()
        .min(0)
        .default(30)
        .describe('How long what a device has deleted can be restored; announced by EXPIRE.'),
      policy: z.enum(['hide', 'leave-copy']).default('hide').describe('Default for new accounts.'),
    })
    .prefault({}),
  imap: z
    .strictObject({
      without: z
        .array(withheld)
        // QUIRK: Office 365 enables UIDONLY, and then asks by message numbers (seen in 2025).
        .default([{ account: '*', client: '*Microsoft*', capabilities: ['UIDONLY'] }])
        .describe('Capabilities kept from some accounts or clients.'),
    })
    .prefault({}),
  journey: z
    .strictObject({
      keep_days: z
        .int()
        .min(1)
        .default(30)
        .describe('Journeys are dropped after this; mail never is.'),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('What is logged: this and everything graver. Protocol lines are debug.'),
    })
    .prefault({}),
});

export type Config = z.infer<typeof configSchema>;
export type Route = Config['routes'][number];
