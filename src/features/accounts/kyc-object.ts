/** Where the encrypted bytes of a document lie: outside every folder that is served. */
export const kycObjectKey = (documentId: string): string => `private/kyc/${documentId}`;
