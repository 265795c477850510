using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>
/// The folders of a run on disk: <c>step-00000100</c> is a whole checkpoint. A name that begins with a dot is on its way in (<c>.new-</c>) or out
/// (<c>.old-</c>), left by a kill, and is put right when the run is opened again.
/// </summary>
internal sealed class CheckpointFolder : IDisposable
{
    private const string Prefix = "step-", New = ".new-", Old = ".old-";
    private readonly string _root;
    private readonly FileStream _lock;

    internal CheckpointFolder(string root)
    {
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(_root);
        try
        {
            _lock = new FileStream(Path.Combine(_root, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (SharingViolation.Is(e))
        {
            throw new IOException($"The run in {_root} is being written by another process, or by another {nameof(Checkpoints)} of this one: {e.Message} Wait for it, or use another folder.", e);
        }

        foreach (string path in Directory.EnumerateDirectories(_root, $"{New}*"))
            Directory.Delete(path, recursive: true);
        foreach (string path in Directory.EnumerateDirectories(_root, $"{Old}*"))
        {
            string whole = Path.Combine(_root, Path.GetFileName(path)[Old.Length..]);
            if (Directory.Exists(whole))
                Directory.Delete(path, recursive: true);
            else
                Directory.Move(path, whole); // killed between the two renames of a replacement
        }
    }

    /// <summary>The name of the folder of a step.</summary>
    internal static string NameOf(long step) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:00000000}");

    /// <summary>The whole checkpoints, oldest first.</summary>
    internal ImmutableArray<Checkpoint> List() =>
    [
        .. Directory.EnumerateDirectories(_root, $"{Prefix}*")
            .Where(path => File.Exists(Path.Combine(path, CheckpointManifest.FileName)))
            .Select(path => (Path: path, Manifest: CheckpointManifest.Read(path)))
            .OrderBy(found => found.Manifest.Step)
            .Select(found => new Checkpoint(found.Manifest.Step, found.Path, found.Manifest.Metrics)),
    ];

    /// <summary>Makes the folder of a step: filled out of sight, then renamed.</summary>
    internal Checkpoint Write(long step, Action<string> fill)
    {
        string name = NameOf(step), whole = Path.Combine(_root, name);
        string incoming = Path.Combine(_root, New + name), outgoing = Path.Combine(_root, Old + name);
        Directory.CreateDirectory(incoming);
        try
        {
            fill(incoming);
            if (Directory.Exists(whole))
                Directory.Move(whole, outgoing);
            Directory.Move(incoming, whole);
        }
        catch (Exception e)
        {
            if (!Directory.Exists(whole) && Directory.Exists(outgoing))
                Directory.Move(outgoing, whole);
            if (Directory.Exists(incoming))
                Directory.Delete(incoming, recursive: true);
            if (FileSizeLimit.IsReached(e))
                throw FileSizeLimit.At(whole, e);
            throw;
        }

        if (Directory.Exists(outgoing))
            Directory.Delete(outgoing, recursive: true);
        return new Checkpoint(step, whole, ImmutableDictionary<string, double>.Empty);
    }

    /// <summary>Removes a checkpoint; a kill in the middle leaves no half of it under its own name.</summary>
    internal void Delete(Checkpoint checkpoint)
    {
        string outgoing = Path.Combine(_root, New + Path.GetFileName(checkpoint.Folder));
        Directory.Move(checkpoint.Folder, outgoing);
        Directory.Delete(outgoing, recursive: true);
    }

    public void Dispose() => _lock.Dispose();
}
