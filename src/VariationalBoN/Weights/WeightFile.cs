using VariationalBoN.Internal;

namespace VariationalBoN.Weights;

/// <summary>An open file of weights: its tensors, and their bytes at a place.</summary>
/// <remarks>
/// Read by position: a file that another program cuts short is an error then,
/// where a mapped one (<see cref="MappedWeights"/>) ends the process. Reading is thread-safe.
/// </remarks>
internal sealed class WeightFile : IDisposable
{
    private readonly FileStream _stream;

    /// <exception cref="InvalidDataException">The file is damaged; the message names it and the byte.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal WeightFile(string path, WeightFormat? format = null)
    {
        Path = path;
        _stream = InputFile.Open(path);
        try
        {
            IsMappable = (format ?? WeightFormat.Safetensors) == WeightFormat.Safetensors;
            Stamp = FileStamp.Of(MappablePath);
            (Entries, Metadata) = (format ?? WeightFormat.Safetensors).Read(_stream);
        }
        catch (InvalidDataException e)
        {
            Dispose();
            throw new InvalidDataException($"{path}: {e.Message}.", e);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal string Path { get; }

    /// <summary>Whether each tensor has bytes of its own in the file, as safetensors promise and a pickle does not.</summary>
    internal bool IsMappable { get; }

    /// <summary>A path by which the system opens this very file, whatever stands under its name by now.</summary>
    internal string MappablePath
    {
        get
        {
            string open = $"/proc/self/fd/{_stream.SafeFileHandle.DangerousGetHandle()}"; // as long as this object is open
            return OperatingSystem.IsLinux() && File.Exists(open) ? open : Path;
        }
    }

    /// <summary>The stamp of the file when it was opened; null where the system tells none.</summary>
    internal FileStamp? Stamp { get; }

    internal long Length => _stream.Length;

    internal IReadOnlyList<WeightEntry> Entries { get; }

    internal IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>How many elements the file can hold at most: what it says of its tensors, but not more than it has bytes for.</summary>
    internal long MostElements =>
        Entries.Count == 0
            ? 0
            : Math.Min(
                Entries.Sum(entry => entry.Shape.Aggregate(1L, (product, size) => product * size)),
                _stream.Length / Entries.Min(entry => SafetensorsHeader.SizeOf(entry.Type))
            );

    public void Dispose() => _stream.Dispose();

    /// <summary>Fills a span with the bytes from a place in the file.</summary>
    /// <exception cref="InvalidDataException">The file has become shorter since it was opened.</exception>
    internal void Read(long offset, Span<byte> target)
    {
        while (target.Length > 0)
        {
            int count = RandomAccess.Read(_stream.SafeFileHandle, target, offset);
            if (count == 0)
                throw new InvalidDataException(
                    $"{Path}: the file ends at byte {offset}, within a tensor that its header declares. Copy the file again."
                );
            offset += count;
            target = target[count..];
        }
    }
}
