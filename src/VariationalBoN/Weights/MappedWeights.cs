using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>
/// Lays the tensors of a module over the pages of safetensors files instead of reading these: copy on write, so that a weight that is
/// trained gets pages of its own, while others share theirs with every module and process that maps the file.
/// </summary>
/// <remarks>
/// Laid over are tensors on the processor whose element type is the file's and whose bytes begin at a multiple of its size. The first look
/// at every weight finds NaN and infinity and makes the digests that <see cref="Policies.ModuleFingerprint"/> asks for; what it found is
/// kept per file for the process, as long as the file has the same <see cref="FileStamp"/>. Thread-safe for distinct modules.
/// </remarks>
internal static class MappedWeights
{
    private const int MostFiles = 256;
    private static readonly ConcurrentDictionary<FileStamp, ConcurrentDictionary<(long Offset, long Bytes), byte[]>> s_seen = [];

    /// <summary>Lays over what can be.</summary>
    /// <param name="module">The module whose tensors are the targets.</param>
    /// <param name="reads">What is wanted.</param>
    /// <returns>What is left to be read.</returns>
    /// <exception cref="InvalidDataException">A weight holds NaN or infinity; the message names file, weight and element.</exception>
    /// <exception cref="IOException">A file cannot be mapped.</exception>
    internal static List<WeightRead> Map(nn.Module module, IReadOnlyList<WeightRead> reads)
    {
        var names = new Dictionary<object, string>(ReferenceEqualityComparer.Instance);
        foreach ((string name, var value) in module.state_dict())
            names.TryAdd(value, name); // what stands under several names has one place
        var known = new Dictionary<string, MappedTensor>(StringComparer.Ordinal);
        var left = new List<WeightRead>();
        foreach (var file in reads.GroupBy(read => read.File))
        {
            WeightRead[] fitting = [.. file.Where(Fits)];
            left.AddRange(file.Where(read => !Fits(read)));
            foreach (var type in fitting.GroupBy(read => read.Entry.Type))
                Lay(file.Key.MappablePath, type.Key, file.Key.Length, [.. type.Select(read => (read.Target, read.Entry.Offset))]);
            byte[][]? digests = Check(file.Key, fitting);
            for (int i = 0; i < fitting.Length; i++)
            {
                (var entry, var target) = (fitting[i].Entry, fitting[i].Target);
                string path = Path.GetFullPath(file.Key.Path);
                long address = TensorMemory.AddressOf(target);
                known.Add(names[target], new MappedTensor(path, file.Key.Stamp, entry.Offset, address, entry.Bytes, digests?[i]));
            }
        }

        if (known.Count > 0)
            MappedTensors.Remember(module, known);
        return left;
    }

    /// <summary>Lays tensors that are no module's over what can be; nothing is remembered of them.</summary>
    /// <param name="reads">What is wanted.</param>
    /// <returns>What is left to be read.</returns>
    /// <exception cref="IOException">A file cannot be mapped.</exception>
    internal static List<WeightRead> Map(IReadOnlyList<WeightRead> reads)
    {
        foreach (var file in reads.Where(Fits).GroupBy(read => (read.File, read.Entry.Type)))
            Lay(
                file.Key.File.MappablePath,
                file.Key.Type,
                file.Key.File.Length,
                [.. file.Select(read => (read.Target, read.Entry.Offset))]
            );
        return [.. reads.Where(read => !Fits(read))];
    }

    /// <summary>Lays a copy over the same pages as its source, where that still is what its files hold.</summary>
    /// <remarks>Where the system does not tell (a file written a moment ago, macOS, a sandbox), the bytes are compared.</remarks>
    /// <param name="source">The module that was mapped.</param>
    /// <param name="copy">A module of the same shape and element type.</param>
    /// <returns>The names of the state that have their values.</returns>
    /// <exception cref="IOException">A file cannot be mapped.</exception>
    internal static IReadOnlyCollection<string> Share(nn.Module source, nn.Module copy)
    {
        (var from, var to) = (source.state_dict(), copy.state_dict());
        var shared = new Dictionary<string, MappedTensor>(StringComparer.Ordinal);
        var unchanged = MappedTensors.Unchanged(source, from);
        foreach (var file in MappedTensors.InPlace(source, from).GroupBy(pair => (pair.Value.Path, from[pair.Key].dtype)))
        {
            (string path, var type) = file.Key;
            var stamp = FileStamp.Of(path);
            long length = LengthOf(path); // which by now may be another file, or none
            KeyValuePair<string, MappedTensor>[] there = [.. file.Where(pair => pair.Value.Offset + pair.Value.Bytes <= length)];
            if (there.Length == 0)
                continue;
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var pages = Open(path, type, length);
            foreach ((string name, var mapped) in there)
            {
                (bool known, var values) = (unchanged.ContainsKey(name), Part(pages, mapped.Offset, to[name]));
                if (!known && !HaveSameBytes(values, from[name]))
                    continue;
                to[name].set_(values);
                long address = TensorMemory.AddressOf(to[name]);
                shared.Add(name, (known ? mapped : mapped with { Stamp = stamp, Digest = null }) with { Address = address });
            }
        }

        MappedTensors.Remember(copy, shared);
        var still = MappedTensors.Unchanged(copy, to);
        return shared.Keys.Where(unchanged.ContainsKey).All(still.ContainsKey)
            ? shared.Keys // the files are still those
            : throw new IOException("A weight file was changed while a copy of the model was made; load the directory again.");
    }

    /// <summary>Notes what is known of mapped weights for a model that was made on them.</summary>
    internal static void HandOn(nn.Module source, nn.Module adapted) => MappedTensors.HandOn(source, adapted);

    private static bool Fits(WeightRead read) =>
        read.File.IsMappable
        && read.Target.device_type == TorchSharp.DeviceType.CPU
        && read.Target.is_contiguous()
        && read.Target.dtype == read.Entry.Type
        && read.Entry.Bytes > 0
        && read.Entry.Offset % read.Entry.ElementSize == 0;

    private static void Lay(string path, ScalarType type, long length, IReadOnlyList<(Tensor Target, long Offset)> targets)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var pages = Open(path, type, length);
        foreach ((var target, long offset) in targets)
            target.set_(Part(pages, offset, target));
    }

    private static Tensor Open(string path, ScalarType type, long length)
    {
        try
        {
            return from_file(path, shared: false, size: length / SafetensorsHeader.SizeOf(type), dtype: type);
        }
        catch (ExternalException e)
        {
            throw new IOException($"{path} cannot be mapped into memory: {e.Message.Split('\n')[0]}. Load with MapWeights = false.", e);
        }
    }

    private static long LengthOf(string path)
    {
        try
        {
            using var file = InputFile.Open(path);
            return file.Length;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return 0; // nothing to share: the copy has memory of its own
        }
    }

    private static Tensor Part(Tensor pages, long offset, Tensor like) =>
        pages.narrow(0, offset / pages.ElementSize, like.numel()).view(like.shape);

    private static bool HaveSameBytes(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        (var left, var right) = (a.view(-1), b.detach().view(-1));
        for (long start = 0; start < left.numel(); start += TensorValues.PieceSize)
        {
            using var piece = NewDisposeScope();
            long count = Math.Min(TensorValues.PieceSize, left.numel() - start);
            if (!left.narrow(0, start, count).bytes.SequenceEqual(right.narrow(0, start, count).bytes))
                return false;
        }

        return true;
    }

    /// <summary>Looks at every weight once; null where the system does not tell one content of a file from the next.</summary>
    private static byte[][]? Check(WeightFile file, WeightRead[] reads)
    {
        if (file.Stamp is not FileStamp stamp || !stamp.IsSettled(DateTimeOffset.UtcNow) || reads.Length == 0)
        {
            WeightReader.RequireFinite(reads);
            return null;
        }

        if (s_seen.Count >= MostFiles)
            s_seen.Clear();
        var seen = s_seen.GetOrAdd(stamp, _ => []);
        WeightRead[] unseen = [.. reads.Where(read => !seen.ContainsKey((read.Entry.Offset, read.Entry.Bytes)))];
        try
        {
            byte[][] digests = TensorDigest.Of(
                [.. unseen.Select(read => read.Target)],
                (i, start, bytes) => WeightReader.RequireFinite(unseen[i], bytes, start)
            );
            for (int i = 0; i < unseen.Length; i++)
                seen[(unseen[i].Entry.Offset, unseen[i].Entry.Bytes)] = digests[i];
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return [.. reads.Select(read => seen[(read.Entry.Offset, read.Entry.Bytes)])];
    }
}
