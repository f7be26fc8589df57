"""Reads a report as it comes by mail, with nothing but Python's own library."""

import gzip, json, sys
import email, email.policy
import xml.etree.ElementTree as tree

message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
part = next(message.iter_attachments())
report = gzip.decompress(part.get_content())
facts = {
    "subject": str(message["subject"]),
    "file": part.get_filename(),
    "type": part.get_content_type(),
    "defects": [str(each) for each in message.walk() for each in each.defects],
}
if report.startswith(b"{"):
    facts["report"] = json.loads(report)
else:
    root = tree.fromstring(report)
    space = {"d": "urn:ietf:params:xml:ns:dmarc-2.0"}
    facts["rows"] = [
        [row.findtext("d:row/d:source_ip", None, space), row.findtext("d:row/d:count", None, space)]
        for row in root.findall("d:record", space)
    ]
    facts["id"] = root.findtext("d:report_metadata/d:report_id", None, space)
    facts["xml"] = report.decode()
print(json.dumps(facts))
