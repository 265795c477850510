using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>Reads tensors from files straight into the tensors of a module,
/// in pieces and on all processors, converted where the types differ.</summary>
internal static class WeightReader
{
    /// <summary>Elements of one piece: large enough to be worth a task, small enough that all processors end together.</summary>
    private const long PieceSize = 1 << 20;

    /// <summary>Elements that are converted at a time, so that they stay in the cache between reading and converting.</summary>
    private const int BlockSize = 1 << 15;

    /// <summary>Fills every target.</summary>
    /// <param name="reads">What is read.</param>
    /// <param name="mustBeFinite">Which targets are weights, of which NaN and infinity are refused; null for all.</param>
    /// <exception cref="InvalidDataException">A file has become shorter since it was opened, or a weight holds NaN or infinity; the
    /// message names file, weight and element.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal static void Fill(IReadOnlyList<WeightRead> reads, Func<Tensor, bool>? mustBeFinite = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var direct = new List<Piece>();
        foreach (var read in reads)
        {
            var target = read.Target.detach();
            bool finite = mustBeFinite?.Invoke(read.Target) ?? true;
            if (IsDirect(read.Entry.Type, target))
                direct.AddRange(Pieces(read, target.view(-1), finite));
            else
                Convert(read, target, finite);
        }

        ForEach(direct, Fill);
    }

    /// <summary>Refuses weights that are NaN or infinite before any target is touched, by a pass over the files.</summary>
    /// <inheritdoc cref="Fill(IReadOnlyList{WeightRead}, Func{Tensor, bool})"/>
    internal static void RequireFinite(IReadOnlyList<WeightRead> reads) => ForEach(reads.SelectMany(Parts), RequireFinite);

    private static void ForEach<T>(IEnumerable<T> parts, Action<T> act)
    {
        try
        {
            Parallel.ForEach(Partitioner.Create(parts, EnumerablePartitionerOptions.NoBuffering), act);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    /// <summary>A tensor in parts of whole elements: places in bytes from its beginning.</summary>
    private static IEnumerable<(WeightRead Read, long Start, int Length)> Parts(WeightRead read)
    {
        for (long start = 0; start < read.Entry.Bytes; start += PieceSize)
            yield return (read, start, (int)Math.Min(PieceSize, read.Entry.Bytes - start));
    }

    private static void RequireFinite((WeightRead Read, long Start, int Length) part)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(part.Length);
        var bytes = rented.AsSpan(0, part.Length);
        part.Read.File.Read(part.Read.Entry.Offset + part.Start, bytes);
        RequireFinite(part.Read, bytes, part.Start / part.Read.Entry.ElementSize);
        ArrayPool<byte>.Shared.Return(rented);
    }

    private static bool IsDirect(ScalarType type, Tensor target) =>
        target.device_type == TorchSharp.DeviceType.CPU
        && target.is_contiguous()
        && (target.dtype == type || (target.dtype == ScalarType.Float32 && type is ScalarType.Float16 or ScalarType.BFloat16));

    private static IEnumerable<Piece> Pieces(WeightRead read, Tensor flat, bool finite)
    {
        long count = flat.numel();
        for (long start = 0; start < count; start += PieceSize)
            yield return new Piece(read, flat.narrow(0, start, Math.Min(PieceSize, count - start)), start, finite);
    }

    private static void Fill(Piece piece)
    {
        var type = piece.Read.Entry.Type;
        var target = piece.Target.bytes;
        if (piece.Target.dtype == type)
        {
            piece.Read.File.Read(piece.Read.Entry.Offset + (piece.Start * target.Length / piece.Target.numel()), target);
            RequireFinite(piece, target, 0);
            return;
        }

        var values = MemoryMarshal.Cast<byte, float>(target);
        ushort[] block = ArrayPool<ushort>.Shared.Rent(BlockSize);
        for (int start = 0; start < values.Length; start += BlockSize)
        {
            var halves = block.AsSpan(0, Math.Min(BlockSize, values.Length - start));
            piece.Read.File.Read(piece.Read.Entry.Offset + (2 * (piece.Start + start)), MemoryMarshal.AsBytes(halves));
            RequireFinite(piece, MemoryMarshal.AsBytes(halves), start);
            HalfPrecision.Widen(halves, values.Slice(start, halves.Length), type);
        }

        ArrayPool<ushort>.Shared.Return(block);
    }

    /// <summary>Any other pair of types or devices: Torch converts, a piece at a time.</summary>
    private static void Convert(WeightRead read, Tensor target, bool finite)
    {
        using var scope = NewDisposeScope();
        var whole = target.is_contiguous() ? target : target.contiguous();
        using var staging = empty([Math.Min(PieceSize, whole.numel())], dtype: read.Entry.Type);
        foreach (var piece in Pieces(read, whole.view(-1), finite))
        {
            using var part = staging.narrow(0, 0, piece.Target.numel());
            var bytes = part.bytes;
            read.File.Read(read.Entry.Offset + (piece.Start * staging.element_size()), bytes);
            RequireFinite(piece, bytes, 0);
            piece.Target.copy_(part);
        }

        if (!target.is_contiguous())
            target.copy_(whole);
    }

    /// <summary>
    /// Refuses a weight that is NaN or infinite. It must be found here:
    /// the fused attention swallows a NaN in a query or key weight on short rows, whose logits are finite then.
    /// </summary>
    private static void RequireFinite(Piece piece, ReadOnlySpan<byte> bytes, long start)
    {
        if (piece.Finite)
            RequireFinite(piece.Read, bytes, piece.Start + start);
    }

    /// <summary>Refuses NaN and infinity in a part of a weight that begins at an element.</summary>
    internal static void RequireFinite(WeightRead read, ReadOnlySpan<byte> bytes, long start)
    {
        if (NonFinite.IndexIn(bytes, read.Entry.Type) is >= 0 and var at)
            throw new InvalidDataException(
                $"{read.File.Path}: the weight '{Shown.Name(read.Entry.Name)}' holds NaN or infinity at element "
                    + $"{start + at}; the model that was saved had diverged, or the file is damaged."
            );
    }

    private readonly record struct Piece(WeightRead Read, Tensor Target, long Start, bool Finite);
}
