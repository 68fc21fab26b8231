import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isMissing, isUnavailable } from './s3-errors.js';

type Folder = { Bucket: string; Prefix: string };

/** Removes the objects and the unfinished uploads of a folder that began before `before`. */
export async function removeStale(client: S3Client, folder: Folder, before: Date): Promise<void> {
  for await (const page of paginateListObjectsV2({ client }, folder)) {
    for (const { Key, LastModified } of page.Contents ?? []) {
      if (LastModified && LastModified < before)
        await client.send(new DeleteObjectCommand({ Bucket: folder.Bucket, Key }));
    }
  }
  for await (const { Key, UploadId } of unfinished(client, folder, before)) {
    const command = new AbortMultipartUploadCommand({ Bucket: folder.Bucket, Key, UploadId });
    // Another process may have removed it.
    await client.send(command).catch((error) => {
      if (!isMissing(error)) throw error;
    });
  }
}

async function* unfinished(client: S3Client, { Bucket, Prefix }: Folder, before: Date) {
  let KeyMarker: string | undefined;
  let UploadIdMarker: string | undefined;
  do {
    const command = new ListMultipartUploadsCommand({ Bucket, Prefix, KeyMarker, UploadIdMarker });
    const page = await client.send(command).catch((error) => {
      // Some servers cannot list them, and some keys may not: those have a rule of the bucket's that ends them.
      if (isUnavailable(error)) return undefined;
      throw error;
    });
    for (const upload of page?.Uploads ?? []) if (upload.Initiated && upload.Initiated < before) yield upload;
    [KeyMarker, UploadIdMarker] = page?.IsTruncated ? [page.NextKeyMarker, page.NextUploadIdMarker] : [];
  } while (KeyMarker);
}
