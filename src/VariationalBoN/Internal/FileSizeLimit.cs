namespace VariationalBoN.Internal;

/// <summary>A file that grew to the limit of its process (<c>ulimit -f</c>) or of its file system: EFBIG, of which .NET makes no
/// <see cref="IOException"/>. Stateless, thread-safe.</summary>
internal static class FileSizeLimit
{
    /// <summary>Whether that is what a write failed by: an <see cref="ArgumentOutOfRangeException"/>
    /// for a "value" that no caller gave.</summary>
    public static bool IsReached(Exception e) => e is ArgumentOutOfRangeException { ParamName: "value", ActualValue: null };

    /// <summary>The exception that other full disks give.</summary>
    public static IOException At(string path, Exception e) =>
        new(
            $"{path} could not be written: a file may not grow that far in this file system or process (ulimit -f). What was there before "
                + $"is untouched; make room, or write elsewhere.",
            e
        );
}
