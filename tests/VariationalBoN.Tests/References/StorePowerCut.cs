namespace VariationalBoN.Tests.References;

/// <summary>What a disk holds after power was cut while SQLite wrote: what was flushed, and of the rest what the caller chooses.</summary>
internal static class StorePowerCut
{
    private const int Sector = 512;

    /// <summary>What becomes of what was not flushed.</summary>
    public enum Rest
    {
        /// <summary>It is there, as after a kill of the process.</summary>
        Kept,

        /// <summary>
        /// It is not there: files end where they ended, files that were made are missing, files that were deleted are back.
        /// </summary>
        Missing,

        /// <summary>Files have the length that they should have, and zeros.</summary>
        Zeroed,

        /// <summary>Some of it is there, some in part.</summary>
        Mixed,
    }

    /// <summary>The files after some operations.</summary>
    /// <param name="before">The files before the first, by path.</param>
    /// <param name="done">What was done until power was cut.</param>
    /// <param name="rest">What becomes of what was not flushed.</param>
    /// <param name="random">Decides where the rest is mixed.</param>
    public static Dictionary<string, byte[]> After(
        IReadOnlyDictionary<string, byte[]> before,
        IReadOnlyList<StoreDiskOperation> done,
        Rest rest,
        Random random
    )
    {
        var files = before.ToDictionary(file => file.Key, file => file.Value);
        // a file that takes the place of one whose deletion may be undone
        var made = new Dictionary<string, byte[]?>(StringComparer.Ordinal);
        for (int i = 0; i < done.Count; i++)
        {
            var operation = done[i];
            bool isFlushed = IsFlushed(done, i) || rest == Rest.Kept || (rest == Rest.Mixed && random.Next(2) == 0);
            switch (operation.Action)
            {
                case StoreDiskAction.Make when !isFlushed:
                    made[operation.Path] = files.GetValueOrDefault(operation.Path);
                    break;
                case StoreDiskAction.Make:
                    files[operation.Path] = [];
                    break;
                case StoreDiskAction.Delete or StoreDiskAction.DeleteForGood when isFlushed:
                    files.Remove(operation.Path);
                    break;
                case StoreDiskAction.Write when files.TryGetValue(operation.Path, out byte[]? content) && !made.ContainsKey(operation.Path):
                    if (isFlushed)
                        files[operation.Path] = Written(content, operation.Offset, operation.Bytes!);
                    else if (rest == Rest.Zeroed && operation.Offset + operation.Bytes!.Length > content.Length)
                        files[operation.Path] = [.. content, .. new byte[operation.Offset + operation.Bytes.Length - content.Length]];
                    else if (rest == Rest.Mixed)
                        files[operation.Path] = Written(
                            content,
                            operation.Offset,
                            operation.Bytes![..Math.Min(operation.Bytes.Length, Sector * random.Next(40))]
                        );
                    break;
                case StoreDiskAction.Truncate
                    when isFlushed
                        && files.TryGetValue(operation.Path, out byte[]? content)
                        && content.Length > operation.Offset
                        && !made.ContainsKey(operation.Path):
                    files[operation.Path] = content[..(int)operation.Offset];
                    break;
            }
        }

        return files;
    }

    /// <summary>
    /// Whether an operation was on the disk for sure: its file was flushed later, or, of a file that came or went, its folder.
    /// </summary>
    private static bool IsFlushed(IReadOnlyList<StoreDiskOperation> done, int i) =>
        done[i].Action switch
        {
            StoreDiskAction.DeleteForGood => true,
            StoreDiskAction.Make or StoreDiskAction.Delete => done.Skip(i).Any(later => later.Action == StoreDiskAction.DeleteForGood)
                || FlushesFolder(done, i),
            _ => done.Skip(i)
                .Where(later => later.Path == done[i].Path)
                .TakeWhile(later => later.Action is not (StoreDiskAction.Delete or StoreDiskAction.DeleteForGood))
                .Any(later => later.Action == StoreDiskAction.Sync),
        };

    /// <summary>SQLite flushes the folder with the first flush of a log or journal that it has made.</summary>
    private static bool FlushesFolder(IReadOnlyList<StoreDiskOperation> done, int i)
    {
        for (int make = 0; make < done.Count; make++)
        {
            if (done[make].Action != StoreDiskAction.Make)
                continue;
            int flush = done.Skip(make).ToList().FindIndex(later => later.Action == StoreDiskAction.Sync && later.Path == done[make].Path);
            if (flush >= 0 && make + flush > i)
                return true;
        }

        return false;
    }

    private static byte[] Written(byte[] content, long offset, byte[] bytes)
    {
        byte[] written = new byte[Math.Max(content.Length, offset + bytes.Length)];
        content.CopyTo(written, 0);
        bytes.CopyTo(written, offset);
        return written;
    }
}
