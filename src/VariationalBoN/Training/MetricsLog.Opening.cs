using VariationalBoN.Internal;

namespace VariationalBoN.Training;

public sealed partial class MetricsLog
{
    private static ReadOnlySpan<byte> Beginning => "{\"step\":"u8;

    private static (Stream File, FileStream? Lock) Take(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = InputFile.TargetOf(path); // two names of one file have one writer
        if (Directory.Exists(path))
            throw new IOException($"{path} is a folder, and metrics are written to a file.");
        FileStream writer;
        try
        {
            writer = new FileStream($"{path}-writer", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (SharingViolation.Is(e))
        {
            throw new IOException(
                $"The metrics file {path} is being written by another process, or by another {nameof(MetricsLog)} of "
                    + $"this one. Wait for it, or give each run a file of its own. ({e.Message})",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"The metrics file {path} cannot be written: its lock {path}-writer cannot be opened ({e.Message}) "
                    + "Make the folder, make it writable, or give another path.",
                e
            );
        }

        FileStream? file = null;
        try
        {
            bool isNew = !File.Exists(path);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
            if (!file.CanSeek)
                throw new IOException($"{path} is no file but a pipe or a device; metrics are written to a file.");
            if (isNew)
                Disk.FlushFolder(Path.GetDirectoryName(path)!);
            return (file, writer);
        }
        catch
        {
            file?.Dispose();
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a file that this class cannot have written: its first line, whole or torn, begins with a step.
    /// A disk that lost power may have left zeros.</summary>
    private void RequireMetrics()
    {
        Span<byte> first = stackalloc byte[64];
        _file.Position = 0;
        first = first[.._file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        ReadOnlySpan<byte> begun = first[..Math.Min(first.Length, Beginning.Length)];
        bool isTorn =
            _end == 0
            && (!first.ContainsAnyExcept((byte)0) || begun.TrimEnd((byte)0).SequenceEqual(Beginning[..begun.TrimEnd((byte)0).Length]));
        if (!isTorn && !(begun.SequenceEqual(Beginning) && first.Length > begun.Length && char.IsAsciiDigit((char)first[begun.Length])))
            throw new InvalidDataException(
                $"{_name} is no metrics file: its first line does not begin with {{\"step\":. It is left as " + "it is; give another path."
            );
    }

    private long EndOfLastLine()
    {
        Span<byte> buffer = stackalloc byte[4096];
        for (long end = _file.Length; end > 0; )
        {
            int count = (int)Math.Min(buffer.Length, end);
            _file.Position = end - count;
            _file.ReadExactly(buffer[..count]);
            int at = buffer[..count].LastIndexOf((byte)'\n');
            if (at >= 0)
                return end - count + at + 1;
            end -= count;
        }

        return 0;
    }
}
