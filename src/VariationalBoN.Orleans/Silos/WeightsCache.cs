using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Silos;

/// <summary>Files of published weights by their digests, shared by the workers of a machine. Thread-safe, also between processes.</summary>
internal sealed class WeightsCache
{
    private const string Ending = ".safetensors",
        Unfinished = ".part";
    private readonly ConcurrentDictionary<string, bool> _checked = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, Transfer> _transfers = [];
    private static readonly TimeSpan s_dead = TimeSpan.FromHours(1); // after which nobody sends the rest
    private readonly int _kept;

    /// <summary>The files of a folder, which is made when it is not there, for this user alone.</summary>
    /// <exception cref="InvalidOperationException">The folder is there, and others can read or change it.</exception>
    public WeightsCache(string? folder, int kept)
    {
        Folder = Path.GetFullPath(folder ?? Path.Combine(Path.GetTempPath(), $"variationalbon-weights-{Environment.UserName}"));
        _kept = kept;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(Folder);
        else
            CreateForThisUserAlone(Folder);
    }

    /// <summary>Where they are.</summary>
    public string Folder { get; }

    /// <summary>The file of a digest; null when it is not here. Its content is held against the digest at the first time.</summary>
    public string? Find(string digest)
    {
        string path = PathOf(digest);
        if (!File.Exists(path))
            return null;
        try
        {
            File.SetLastAccessTimeUtc(path, DateTime.UtcNow); // what is used stays, also when another learner publishes
            if (_checked.ContainsKey(digest))
                return path;
            if (DigestOf(path) != digest)
            {
                File.Delete(path); // it was damaged: it comes again
                return null;
            }
        }
        catch (FileNotFoundException)
        {
            return null; // another worker has taken it away
        }

        _checked[digest] = true;
        return path;
    }

    /// <summary>Writes a piece; the last one makes the file one of the cache.
    /// The digest is formed as pieces come, so that no call takes long.</summary>
    /// <exception cref="InvalidDataException">The pieces are not what the digest is of, or one is missing.</exception>
    public void Put(WeightPiece piece)
    {
        if (piece.Offset == 0)
            ForgetDead();
        Transfer transfer = _transfers.GetOrAdd(piece.Transfer, _ => new Transfer());
        lock (transfer)
            Put(piece, transfer);
    }

    private void Put(WeightPiece piece, Transfer transfer)
    {
        if (piece.Offset != transfer.Length)
            throw new InvalidDataException(
                $"A piece of published weights begins at {piece.Offset}, and {transfer.Length} bytes have come: one was lost on the way. "
                    + "Publish them again."
            );
        string path = PathOf(piece.Digest),
            part = Path.Combine(Folder, $"{piece.Digest}-{piece.Transfer:N}{Unfinished}");
        using (var file = new FileStream(part, piece.Offset == 0 ? FileMode.OpenOrCreate : FileMode.Open, FileAccess.Write, FileShare.None))
        {
            file.Seek(piece.Offset, SeekOrigin.Begin);
            file.Write(piece.Bytes);
        }

        transfer.Take(piece.Bytes);
        if (piece.Offset + piece.Bytes.Length < piece.Length)
            return;
        _transfers.TryRemove(piece.Transfer, out _);
        string found = transfer.End();
        if (found != piece.Digest)
        {
            File.Delete(part);
            throw new InvalidDataException(
                $"The published weights that arrived have the digest {found} and not {piece.Digest}: a "
                    + "piece was lost or changed on the way. Publish them again."
            );
        }

        File.Move(part, path, overwrite: true);
        _checked[piece.Digest] = true;
        Prune();
    }

    [UnsupportedOSPlatform("windows")]
    private static void CreateForThisUserAlone(string folder)
    {
        const UnixFileMode Alone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        DirectoryInfo made = Directory.CreateDirectory(folder, Alone);
        string? fault =
            made.LinkTarget is not null ? "is a symbolic link"
            : made.UnixFileMode != Alone ? "can be read or changed by others"
            : null;
        try
        {
            if (fault is null)
                made.UnixFileMode = Alone; // only its owner may
        }
        catch (UnauthorizedAccessException)
        {
            fault = "is another user's";
        }

        if (fault is not null)
            throw new InvalidOperationException(
                $"The folder of published weights {folder} {fault}. Give one of your own with mode 700 "
                    + $"({nameof(ClusterWorkerOptions)}.{nameof(ClusterWorkerOptions.WeightsFolder)})."
            );
    }

    private static string DigestOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private string PathOf(string digest) =>
        digest.Length == 64 && digest.All(char.IsAsciiHexDigitLower)
            ? Path.Combine(Folder, digest + Ending)
            : throw new ArgumentException($"The digest \"{digest}\" is no SHA-256 in hexadecimal digits.", nameof(digest));

    /// <summary>Lets go of transfers whose client has died.</summary>
    private void ForgetDead()
    {
        foreach ((Guid id, Transfer transfer) in _transfers.Where(pair => pair.Value.Idle > s_dead))
        {
            if (_transfers.TryRemove(id, out _))
                transfer.End();
        }
    }

    /// <summary>Takes away what is old: a process that maps or reads a file keeps what it has.</summary>
    private void Prune()
    {
        DateTime dead = DateTime.UtcNow - s_dead;
        FileInfo[] files = new DirectoryInfo(Folder).GetFiles();
        foreach (
            FileInfo file in files
                .Where(file => file.Name.EndsWith(Ending, StringComparison.Ordinal))
                .OrderByDescending(file => file.LastAccessTimeUtc)
                .Skip(_kept)
                .Concat(files.Where(file => file.Name.EndsWith(Unfinished, StringComparison.Ordinal) && file.LastWriteTimeUtc < dead))
        )
        {
            try
            {
                file.Delete();
            }
            catch (IOException)
            {
                // another worker is reading it: the next piece that comes finds it again
            }
        }
    }

    /// <summary>One sending of a file, as far as it has come.</summary>
    private sealed class Transfer
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _taken = Stopwatch.GetTimestamp();

        public long Length { get; private set; }

        public TimeSpan Idle => Stopwatch.GetElapsedTime(Volatile.Read(ref _taken));

        public void Take(byte[] bytes)
        {
            _hash.AppendData(bytes);
            Length += bytes.Length;
            Volatile.Write(ref _taken, Stopwatch.GetTimestamp());
        }

        /// <summary>The digest of all.</summary>
        public string End()
        {
            string digest = Convert.ToHexStringLower(_hash.GetHashAndReset());
            _hash.Dispose();
            return digest;
        }
    }
}
