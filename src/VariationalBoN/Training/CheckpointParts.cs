using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>What a checkpoint holds: parts by name, each a file. Not thread-safe.</summary>
internal sealed class CheckpointParts
{
    // some file systems take names that differ in case alone for one
    private readonly Dictionary<string, CheckpointPart> _parts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of the files.</summary>
    internal IEnumerable<string> FileNames => _parts.Values.Select(part => part.FileName);

    /// <summary>Adds a part under a name of its own.</summary>
    /// <exception cref="ArgumentException">The name cannot be that of a file, or is taken.</exception>
    internal void Add(string name, CheckpointPart part)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.AsSpan().ContainsAny(Path.GetInvalidFileNameChars()) || name.StartsWith('.'))
            throw new ArgumentException($"The part \"{name}\" cannot be the name of a file; use letters, digits and dashes.", nameof(name));
        if (part.FileName.Equals(CheckpointManifest.FileName, StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException(
                $"The file of the part \"{name}\" would be {part.FileName}, which says what a checkpoint holds; choose another name.",
                nameof(name)
            );
        if (!_parts.TryAdd(name, part))
            throw new ArgumentException($"A part named \"{name}\" was added already, upper and lower case alike.", nameof(name));
    }

    /// <summary>Writes each part into a folder.</summary>
    internal void Save(string folder)
    {
        foreach (CheckpointPart part in _parts.Values)
            part.Save(Path.Combine(folder, part.FileName));
    }

    /// <summary>Starts each part anew, where there is no checkpoint.</summary>
    internal void Reset()
    {
        foreach (CheckpointPart part in _parts.Values)
            part.Reset();
    }

    /// <summary>Opens and checks every file before the first changes anything.</summary>
    internal void Load(string folder)
    {
        string path = folder;
        try
        {
            var loads = new List<(string Path, Action Load)>();
            foreach (CheckpointPart part in _parts.Values)
            {
                path = Path.Combine(folder, part.FileName);
                loads.Add((path, part.Load(path)));
            }

            foreach ((string file, Action load) in loads)
            {
                path = file;
                load();
            }
        }
        catch (Exception e) when (IsOfContent(e) && !(e is InvalidDataException && e.Message.Contains(path, StringComparison.Ordinal)))
        {
            throw new InvalidDataException(
                $"{path} is not what was added under its name: {Shown.Reason(e.Message.TrimEnd('.'))}. Add what was saved under it, such "
                    + $"as the same module, or an optimizer of the same kind over the same parameters.",
                e
            );
        }
    }

    /// <summary>Whether what is in a file made reading it fail, and not the disk, the memory or the caller.</summary>
    private static bool IsOfContent(Exception e) =>
        e
            is not (
                    IOException
                    or UnauthorizedAccessException
                    or OutOfMemoryException
                    or ObjectDisposedException
                    or OperationCanceledException
                )
                or EndOfStreamException;
}
