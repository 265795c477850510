using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>
/// The folders of a run on disk: <c>step-00000100</c> is a whole checkpoint. A name that begins with a dot is on its way in (<c>.new-</c>)
/// or out (<c>.old-</c>), left by a kill, and is put right when the run is opened again.
/// </summary>
internal sealed class CheckpointFolder : IDisposable
{
    private const string Prefix = "step-",
        New = ".new-",
        Old = ".old-";
    private readonly string _root;
    private readonly FileStream _lock;

    internal CheckpointFolder(string root)
    {
        _root = Path.GetFullPath(root);
        Disk.CreateFolder(_root);
        try
        {
            _lock = new FileStream(Path.Combine(_root, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (SharingViolation.Is(e))
        {
            throw new IOException(
                $"The run in {_root} is being written by another process, or by another {nameof(Checkpoints)} of this one: {e.Message} "
                    + $"Wait for it, or use another folder.",
                e
            );
        }

        try
        {
            PutRight();
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The name of the folder of a step.</summary>
    internal static string NameOf(long step) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:00000000}");

    /// <summary>The whole checkpoints, oldest first.</summary>
    internal ImmutableArray<Checkpoint> List() =>
        [
            .. Directory
                .EnumerateDirectories(_root, $"{Prefix}*")
                .Where(path => File.Exists(Path.Combine(path, CheckpointManifest.FileName)))
                .Select(path => (Path: path, Manifest: CheckpointManifest.Read(path)))
                .OrderBy(found => found.Manifest.Step)
                .Select(found => new Checkpoint(found.Manifest.Step, found.Path, found.Manifest.Metrics)),
        ];

    /// <summary>Makes the folder of a step: filled out of sight, brought to the disk, then renamed.
    /// Where any of it fails, the folder that was there is there again.</summary>
    internal Checkpoint Write(long step, Action<string> fill)
    {
        string name = NameOf(step),
            whole = Path.Combine(_root, name);
        string incoming = Aside(New, name),
            outgoing = Aside(Old, name);
        PutRight();
        bool isPlaced = false;
        try
        {
            Directory.CreateDirectory(incoming);
            fill(incoming);
            Disk.FlushFolder(incoming);
            if (Directory.Exists(whole))
                Disk.RenameFolder(whole, outgoing);
            Disk.RenameFolder(incoming, whole);
            isPlaced = true;
            Disk.FlushFolder(_root);
        }
        catch (Exception e)
        {
            if (isPlaced)
                Directory.Move(whole, incoming);
            if (Directory.Exists(outgoing))
                Directory.Move(outgoing, whole);
            Disk.TryDelete(incoming);
            if (FileSizeLimit.IsReached(e))
                throw FileSizeLimit.At(whole, e);
            throw;
        }

        Discard(outgoing);
        return new Checkpoint(step, whole, ImmutableDictionary<string, double>.Empty);
    }

    /// <summary>Removes a checkpoint; a kill in the middle leaves no half of it under its own name.</summary>
    internal void Delete(Checkpoint checkpoint)
    {
        string outgoing = Aside(New, Path.GetFileName(checkpoint.Folder));
        Disk.RenameFolder(checkpoint.Folder, outgoing);
        Disk.FlushFolder(_root); // before anything that it vouches for goes
        Disk.TryDelete(outgoing);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>A name out of sight that nothing has: what could not be deleted under another stands in nobody's way.</summary>
    private string Aside(string prefix, string name) => Path.Combine(_root, $"{prefix}{name}.{Guid.NewGuid():N}");

    /// <summary>Deletes a folder that was replaced, if it can be; half of it never has a name under which it would come back.</summary>
    private void Discard(string outgoing)
    {
        if (!Directory.Exists(outgoing))
            return;
        string gone = Aside(New, NameIn(outgoing));
        try
        {
            Directory.Move(outgoing, gone);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return; // the next save tries again
        }

        Disk.TryDelete(gone);
    }

    private static string NameIn(string outgoing) => Path.GetFileName(outgoing)[Old.Length..].Split('.')[0];

    /// <summary>Takes away what a kill left, and gives a checkpoint that was being replaced its name again.</summary>
    private void PutRight()
    {
        foreach (string path in Directory.EnumerateDirectories(_root, $"{New}*"))
            Disk.TryDelete(path);
        foreach (string path in Directory.EnumerateDirectories(_root, $"{Old}*").OrderByDescending(Directory.GetLastWriteTimeUtc))
        {
            string whole = Path.Combine(_root, NameIn(path));
            if (Directory.Exists(whole))
                Discard(path);
            else
                Directory.Move(path, whole); // killed between the two renames of a replacement
        }
    }
}
