/** 128 random bits as 32 hexadecimal digits. `crypto.randomUUID` is missing where the page came by plain HTTP. */
export declare function randomHex(): string;
