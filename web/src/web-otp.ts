// The code of an origin-bound message, where the browser hands it over: https://wicg.github.io/web-otp/

interface OtpRequest extends CredentialRequestOptions {
  otp: { transport: "sms"[] };
}

/** Waits for a message until `signal` ends it. Nothing comes where the browser has no WebOTP or its user refuses. */
export async function receiveCode(signal: AbortSignal): Promise<string | undefined> {
  if (!("OTPCredential" in globalThis)) return undefined;
  const request: OtpRequest = { otp: { transport: ["sms"] }, signal };
  try {
    const credential = await navigator.credentials.get(request);
    const code = (credential as { code?: unknown } | null)?.code;
    return typeof code === "string" && !signal.aborted ? code : undefined;
  } catch {
    return undefined;
  }
}
