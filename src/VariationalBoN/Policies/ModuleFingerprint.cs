using System.Security.Cryptography;
using System.Text;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>
/// Identifies the weights of a module by a digest: for the identity of a policy or reward model of your own.
/// Stateless; thread-safe as long as no thread changes the parameters.
/// </summary>
public static class ModuleFingerprint
{
    /// <summary>Type, number of weights, their number types and the first 16 hexadecimal
    /// digits of a SHA-256 of names, types, shapes and values.</summary>
    /// <remarks>
    /// The values count by SHA-256 over the SHA-256 of each 2^20 of them, so that all processors work
    /// at it. The identity also names the kernels where <see cref="TorchRuntime.UseFastKernelsOnAmd"/>
    /// is in effect, and the type of the products where a decoder computes them in bfloat16.
    /// </remarks>
    /// <param name="module">The module, on any device.</param>
    /// <returns>
    /// An identity that changes with any weight. It costs a pass over the weights, except (on Linux) for weights
    /// that are mapped from a file and unchanged: the search for NaN at loading has computed their digest already.
    /// </returns>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public static ModelIdentity Of(nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        TorchRuntime.Require();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var state = module.state_dict();
        string[] names = [.. state.Keys.Order(StringComparer.Ordinal)];
        var unchanged = MappedTensors.Unchanged(module, state);
        string[] unknown = [.. names.Where(name => !unchanged.TryGetValue(name, out var mapped) || mapped.Digest is null)];
        var digests = unknown
            .Zip(TensorDigest.Of([.. unknown.Select(name => state[name])]))
            .ToDictionary(pair => pair.First, pair => pair.Second);
        MappedTensors.Settle(module, state, digests.Where(pair => unchanged.ContainsKey(pair.Key)).ToDictionary());
        long count = 0;
        var types = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            var value = state[name];
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {value.dtype} [{string.Join(", ", value.shape)}]\n"));
            hash.AppendData(digests.TryGetValue(name, out byte[]? digest) ? digest : unchanged[name].Digest!);
            count += value.numel();
            types.Add(value.dtype.ToString());
        }

        string digits = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
        (string, IdentityValue)[] products = module.modules().Prepend(module).Any(part => part is IMixedPrecision { MixedPrecision: true })
            ? [("products", "bfloat16")]
            : [];
        // other bits of the same numbers
        (string, IdentityValue)[] kernels = TorchRuntime.Kernels is string named ? [("kernels", named)] : [];
        return new ModelIdentity(
            module.GetType().Name,
            [("weights", count), ("type", string.Join(" and ", types)), ("sha256", digits), .. products, .. kernels]
        );
    }
}
