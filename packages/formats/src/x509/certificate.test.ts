import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import test from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { maySignFor, readCertificate } from './certificate.ts';

/** Of an authority: path length 1, hosts under example.test but not under bad.example.test. */
const limited = `-----BEGIN CERTIFICATE-----
MIIB0DCCAXagAwIBAgIUL3jROu6sKNbk+VJcpziaHt/g1n8wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMTGltaXRlZCByb290MCAXDTI2MTEyMjA0NTUxOVoYDzIxMjYx
MDI5MDQ1NTE5WjAXMRUwEwYDVQQDDAxMaW1pdGVkIHJvb3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARJ9y9Ey8fKVQyi6QhDLwQ8X0qd3a1kkf1CZ2cntZe3XRr4
TSpkPNQdvTtsv/HrxfxoXSlEuBD1XRV2LvHScv86o4GdMIGaMB0GA1UdDgQWBBSp
QKLguYkZeAsbky2AI/Acv/ubzDAfBgNVHSMEGDAWgBSpQKLguYkZeAsbky2AI/Ac
v/ubzDASBgNVHRMBAf8ECDAGAQH/AgEBMA4GA1UdDwEB/wQEAwICBDA0BgNVHR4B
Af8EKjAooBAwDoIMZXhhbXBsZS50ZXN0oRQwEoIQYmFkLmV4YW1wbGUudGVzdDAK
BggqhkjOPQQDAgNIADBFAiAjdEgvN8IwqGitIE0iMJuvgCO2aIoq3hKiUY+D97ZO
qwIhAJpDyQk05PIUApjf7dc1yqpaFQGc/H1PMCdqjCco3znR
-----END CERTIFICATE-----`;

/** Of a server, for mx.example.test. */
const server = `-----BEGIN CERTIFICATE-----
MIIBkzCCATmgAwIBAgIUaPgQpyTZE4yGy4h77COy+DUiL90wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMTGltaXRlZCByb290MCAXDTI2MTEyMjA0NTUxOVoYDzIxMjYx
MDI5MDQ1NTE5WjAaMRgwFgYDVQQDDA9teC5leGFtcGxlLnRlc3QwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAAQw8fU6HKqQ6XNPT4s+05pR0VLrGsf5nIRfwPotphLo
Xyw+d+mY2Jc5tJFSHt4e0KcFVhrfYPRlvL5YvrhGm28qo14wXDAaBgNVHREEEzAR
gg9teC5leGFtcGxlLnRlc3QwHQYDVR0OBBYEFIbA8RW18StGkAXrIdvDesVRmBGe
MB8GA1UdIwQYMBaAFKlAouC5iRl4CxuTLYAj8By/+5vMMAoGCCqGSM49BAMCA0gA
MEUCIDBygGBLbXij2YImVNInsm6AM8R1V0ElDGnEOkLfe8f8AiEAg18ZUxixI3m8
7VNGFxCIPSZEbHLRA8gVs1aFUhhDAUQ=
-----END CERTIFICATE-----`;

test('an authority with limits', () => {
  const certificate = new X509Certificate(limited);
  const form = readCertificate(certificate.raw);
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  assert.deepEqual(Buffer.from(form.publicKey), spki);
  assert.deepEqual(
    { ...form, publicKey: null },
    {
      publicKey: null,
      isAuthority: true,
      pathLengthMax: 1,
      permitted: ['example.test'],
      excluded: ['bad.example.test'],
      isStrange: false,
    },
  );
  for (const host of ['example.test', 'mx.example.test', '*.mx.EXAMPLE.test']) {
    assert.ok(maySignFor(form, host), host);
  }
  for (const host of ['bad.example.test', 'a.bad.example.test', 'badexample.test', 'test']) {
    assert.ok(!maySignFor(form, host), host);
  }
});

test('a server', () => {
  const form = readCertificate(new X509Certificate(server).raw);
  assert.ok(!form.isAuthority);
  assert.equal(form.pathLengthMax, null);
  assert.ok(maySignFor(form, 'anything.at.all'));
});

test('any damage is no certificate, or another one', () => {
  const raw = new X509Certificate(limited).raw;
  for (let length = 0; length < raw.length; length += 1) {
    assert.throws(() => readCertificate(raw.subarray(0, length)), SyntaxFault);
  }
  const change = fc.record({ at: fc.nat(raw.length - 1), octet: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const octets = Uint8Array.from(raw);
      for (const { at, octet } of changes) octets[at] = octet;
      try {
        readCertificate(octets);
      } catch (error) {
        assert.ok(error instanceof SyntaxFault);
      }
    }),
  );
});
