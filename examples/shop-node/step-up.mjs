/**
 * RFC 9470 §3: refuses a session whose last proof is older than `maxAgeS` seconds, or of an `assurance` that is not
 * among `acrValues` (best first), and says what would do.
 */
export const stepUp = (acrValues, maxAgeS) => ({ session }, res, next) => {
  const { iat, assurance } = session?.proved ?? {};
  if (acrValues.includes(assurance) && Date.now() / 1000 - iat <= maxAgeS) return next();
  const wanted = `acr_values="${acrValues.join(" ")}", max_age="${maxAgeS}"`;
  res.set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", ${wanted}`).sendStatus(401);
};
