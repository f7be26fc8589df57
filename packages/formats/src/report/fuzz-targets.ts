/** What the fuzzer feeds: any octets, only `SyntaxFault`, and a report that is read once more. */

import { latin1, utf8 } from '../bytes.ts';
import { readDmarcReport } from './dmarc-report-read.ts';
import { writeDmarcReport } from './dmarc-report-write.ts';
import { readReportAddresses, readTlsReportRecord } from './report-address.ts';
import { readZip } from './zip.ts';

const decoder = new TextDecoder();

const report = utf8(`<?xml version="1.0" encoding="UTF-8"?><!-- of old -->
<a:feedback xmlns:a="urn:ietf:params:xml:ns:dmarc-2.0"><version>1.0</version>
<report_metadata><org_name>A &amp; B</org_name><email><![CDATA[a@b.test]]></email>
<report_id>1</report_id><date_range><begin>1795219200</begin><end>1795305599</end></date_range>
</report_metadata><policy_published><domain>contoh.test</domain><p>reject</p><pct>50</pct>
</policy_published><record><row><source_ip>2001:db8::1</source_ip><count>3</count>
<policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf><reason>
<type>other</type><comment>&#x41;</comment></reason></policy_evaluated></row><identifiers>
<header_from>contoh.test</header_from><envelope_from/></identifiers><auth_results><dkim>
<domain>contoh.test</domain><selector>s</selector><result>pass</result></dkim></auth_results>
</record></a:feedback>`);

/** A stored member `a` of one octet. */
const archive = Uint8Array.from(
  [
    [0x50, 0x4b, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
    [1, 0, 0, 0, 97, 120],
    [0x50, 0x4b, 1, 2, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 97],
    [0x50, 0x4b, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 47, 0, 0, 0, 32, 0, 0, 0, 0, 0],
  ].flat(),
);

export const reportFuzzTargets = [
  {
    name: 'report/dmarc',
    seeds: [report],
    run(bytes: Uint8Array): void {
      const read = readDmarcReport(decoder.decode(bytes));
      if (read.rows.length === 0) return;
      const again = readDmarcReport(writeDmarcReport(read));
      if (again.rows.length !== read.rows.length) throw new Error('a second reading differs');
    },
  },
  {
    name: 'report/zip',
    seeds: [archive],
    run(bytes: Uint8Array): void {
      for (const { content } of readZip(bytes)) {
        if (content.length > bytes.length) throw new Error('more came out than went in');
      }
    },
  },
  {
    name: 'report/addresses',
    seeds: [utf8('v=TLSRPTv1; rua=mailto:a%21b@c.test!10m, https://c.test:8443/x?y=1;')],
    run(bytes: Uint8Array): void {
      const text = latin1(bytes);
      readTlsReportRecord([text]);
      readReportAddresses(text.split(','));
    },
  },
];
