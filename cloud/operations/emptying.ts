import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

/** At most a thousand versions; fewer each time, because they are deleted. */
const someObjects = async (s3: S3Client, bucket: string) => {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(
    new ListObjectVersionsCommand({ Bucket: bucket }),
  );
  return [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
};

/** Deletes a bucket with everything that ever was in it. Returns how much that was. */
export const deleteBucket = async (s3: S3Client, bucket: string): Promise<number> => {
  let count = 0;
  for (;;) {
    const objects = await someObjects(s3, bucket);
    if (objects.length === 0) break;
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }),
    );
    if (Errors.length > 0) throw new Error(`${bucket}: ${Errors[0]?.Key}: ${Errors[0]?.Message}`);
    count += objects.length;
  }
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
  return count;
};
