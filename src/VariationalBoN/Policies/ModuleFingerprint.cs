using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Tells the weights of one module from those of another.</summary>
internal static class ModuleFingerprint
{
    /// <summary>Type, parameter count, number types and the first 16 hexadecimal digits of the SHA-256 of names, types, shapes and values.</summary>
    internal static string Of(nn.Module module)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long count = 0;
        var types = new SortedSet<string>(StringComparer.Ordinal);
        foreach ((string name, var value) in module.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {value.dtype} [{string.Join(", ", value.shape)}]\n"));
            hash.AppendData(value.detach().cpu().contiguous().bytes);
            count += value.numel();
            types.Add(value.dtype.ToString());
        }

        string digits = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
        return $"{module.GetType().Name}, {count} weights of {string.Join(" and ", types)}, sha256 {digits}";
    }
}
