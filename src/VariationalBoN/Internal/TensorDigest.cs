using System.Security.Cryptography;
using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>
/// SHA-256 over the SHA-256 of each 2^20 elements of a tensor, so that all processors can work on one tensor.
/// Stateless; thread-safe as long as no thread changes the tensor.
/// </summary>
internal static class TensorDigest
{
    /// <summary>The digests of tensors of any device and layout.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="check">Told the tensor, the first element and the bytes of each part, on several threads; null for nothing.</param>
    internal static byte[][] Of(IReadOnlyList<Tensor> tensors, Action<int, long, ReadOnlySpan<byte>>? check = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        byte[][][] digests = new byte[tensors.Count][][];
        var pieces = new List<(int Tensor, int Part, Tensor Values)>();
        for (int i = 0; i < tensors.Count; i++)
        {
            int tensor = i,
                parts = (int)((tensors[i].numel() + TensorValues.PieceSize - 1) / TensorValues.PieceSize);
            digests[i] = new byte[parts][];
            if (tensors[i].device_type == TorchSharp.DeviceType.CPU && tensors[i].is_contiguous())
            {
                var flat = tensors[i].detach().view(-1);
                pieces.AddRange(Enumerable.Range(0, parts).Select(part => (tensor, part, Piece(flat, part))));
                continue;
            }

            int next = 0; // brought to the processor piece by piece
            tensors[i].ForEachPiece(piece => Digest((tensor, next++, piece)));
        }

        Parallel.ForEach(pieces, Digest);
        return [.. digests.Select(parts => SHA256.HashData(parts.SelectMany(part => part).ToArray()))];

        void Digest((int Tensor, int Part, Tensor Values) piece)
        {
            var bytes = piece.Values.bytes;
            check?.Invoke(piece.Tensor, piece.Part * TensorValues.PieceSize, bytes);
            digests[piece.Tensor][piece.Part] = SHA256.HashData(bytes);
        }
    }

    private static Tensor Piece(Tensor flat, int part)
    {
        long start = part * TensorValues.PieceSize;
        return flat.narrow(0, start, Math.Min(TensorValues.PieceSize, flat.numel() - start));
    }
}
