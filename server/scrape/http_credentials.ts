import { createSign, randomUUID } from "node:crypto";
import { Buffer } from "node:buffer";
import { readNamedFile } from "../config/unreadable_file_error.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";

type OAuth2Config = NonNullable<PlainHttpClientConfig["oauth2"]>;

/** Sends a form to a token endpoint and gives back status and body. */
type SendForm = (
  url: string,
  form: string,
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<{ status: number; text: string }>;

/** Where the value of the Authorization header comes from. */
export interface Credentials {
  /** The value for a request of now, undefined for no header. Rejects where a file cannot be read. */
  authorization(signal: AbortSignal): Promise<string | undefined>;
  /** Told when the server answered 401. */
  refused(): void;
}

/** The credentials of a client; files are read for every request. */
export function credentialsOf(config: PlainHttpClientConfig, sendForm: SendForm): Credentials {
  const { basicAuth, authorization, oauth2 } = config;
  const of = (read: () => Promise<string | undefined>): Credentials => ({
    authorization: read,
    refused: () => {},
  });
  if (basicAuth !== undefined) {
    return of(async () => {
      const username = await secretOf(basicAuth.username, basicAuth.usernameFile);
      const password = await secretOf(basicAuth.password, basicAuth.passwordFile);
      return basic(username, password);
    });
  }
  if (authorization !== undefined) {
    const { type, credentials, credentialsFile } = authorization;
    return of(async () => `${type} ${await secretOf(credentials, credentialsFile)}`.trim());
  }
  if (config.bearerToken !== "" || config.bearerTokenFile !== "") {
    return of(async () => `Bearer ${await secretOf(config.bearerToken, config.bearerTokenFile)}`);
  }
  return oauth2 === undefined
    ? of(() => Promise.resolve(undefined))
    : new OAuth2Credentials(oauth2, sendForm);
}

/** The secret, or what the file holds without white space around it. */
async function secretOf(secret: string, file: string): Promise<string> {
  return file === "" ? secret : (await readNamedFile(file)).trim();
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** A token is renewed so long before it expires. */
const EXPIRY_MARGIN_MS = 10_000;
const ASSERTION_SECONDS = 3600;

/** Tokens of an OAuth 2 server: fetched when first needed, kept until they expire or are refused. */
class OAuth2Credentials implements Credentials {
  #token: { readonly value: string; readonly type: string; readonly expiresMs: number } | undefined;
  #fetching: Promise<void> | undefined;
  #inForm = false;

  constructor(private readonly config: OAuth2Config, private readonly sendForm: SendForm) {}

  async authorization(signal: AbortSignal): Promise<string> {
    if (this.#token === undefined || Date.now() >= this.#token.expiresMs) {
      // Requests that need a token at the same time share it.
      this.#fetching ??= this.#fetch(signal).finally(() => this.#fetching = undefined);
      await this.#fetching;
    }
    return `${this.#token!.type} ${this.#token!.value}`;
  }

  refused(): void {
    this.#token = undefined;
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { config } = this;
    const form = new URLSearchParams(config.endpointParams);
    let answer;
    if (config.grantType === JWT_BEARER) {
      form.set("grant_type", JWT_BEARER);
      form.set("assertion", await this.#assertion());
      answer = await this.sendForm(config.tokenUrl, form.toString(), {}, signal);
    } else {
      form.set("grant_type", "client_credentials");
      if (config.scopes.length > 0) form.set("scope", config.scopes.join(" "));
      answer = await this.#exchange(form, signal);
    }
    if (answer.status < 200 || answer.status > 299) {
      throw new Error(
        `oauth2: cannot fetch token: status ${answer.status}, response: ${answer.text.slice(0, 200)}`,
      );
    }
    this.#token = tokenOf(answer.text);
  }

  /** The client's id and secret go into a header, or into the form where the server wants that. */
  async #exchange(form: URLSearchParams, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const { clientId, clientSecret, clientSecretFile, tokenUrl } = this.config;
    const secret = await secretOf(clientSecret, clientSecretFile);
    if (!this.#inForm) {
      const authorization = basic(encodeURIComponent(clientId), encodeURIComponent(secret));
      const answer = await this.sendForm(tokenUrl, form.toString(), { authorization }, signal);
      if (answer.status >= 200 && answer.status <= 299) return answer;
    }
    form.set("client_id", clientId);
    form.set("client_secret", secret);
    const answer = await this.sendForm(tokenUrl, form.toString(), {}, signal);
    this.#inForm = answer.status >= 200 && answer.status <= 299;
    return answer;
  }

  async #assertion(): Promise<string> {
    const { config } = this;
    const algorithm = config.signatureAlgorithm || "RS256";
    const nowSeconds = Math.floor(Date.now() / 1000);
    const header = {
      alg: algorithm,
      typ: "JWT",
      ...(config.clientCertificateKeyId !== "" && { kid: config.clientCertificateKeyId }),
    };
    const claims = {
      ...config.claims,
      iss: config.iss || config.clientId,
      sub: config.clientId,
      aud: config.audience || config.tokenUrl,
      ...(config.scopes.length > 0 && { scope: config.scopes.join(" ") }),
      iat: nowSeconds,
      exp: nowSeconds + ASSERTION_SECONDS,
      jti: randomUUID(),
    };
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const signed = `${encode(header)}.${encode(claims)}`;
    const key = await secretOf(config.clientCertificateKey, config.clientCertificateKeyFile);
    const signature = createSign(`RSA-SHA${algorithm.slice(2)}`).update(signed).sign(key, "base64url");
    return `${signed}.${signature}`;
  }
}

function tokenOf(text: string): { value: string; type: string; expiresMs: number } {
  let answer: { access_token?: unknown; token_type?: unknown; expires_in?: unknown };
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new Error(`oauth2: cannot parse token response: ${(cause as Error).message}`, { cause });
  }
  if (typeof answer.access_token !== "string" || answer.access_token === "") {
    throw new Error("oauth2: server response missing access_token");
  }
  const seconds = Number(answer.expires_in);
  const type = typeof answer.token_type === "string" ? answer.token_type : "Bearer";
  return {
    value: answer.access_token,
    type: type.toLowerCase() === "bearer" ? "Bearer" : type,
    expiresMs: seconds > 0 ? Date.now() + seconds * 1000 - EXPIRY_MARGIN_MS : Infinity,
  };
}
