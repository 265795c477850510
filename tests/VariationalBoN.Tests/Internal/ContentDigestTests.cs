using System.Security.Cryptography;
using System.Text;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Internal;

/// <summary>What tells one content of tensors and files from another.</summary>
[Trait("Tier", "torch")]
public sealed class ContentDigestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("digest").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Digest_of_a_tensor_is_that_of_the_digests_of_its_parts()
    {
        using var scope = NewDisposeScope();
        var values = arange((1 << 20) + 3, dtype: ScalarType.Float32);
        byte[] bytes = values.bytes.ToArray(),
            first = SHA256.HashData(bytes.AsSpan(0, 4 << 20)),
            second = SHA256.HashData(bytes.AsSpan(4 << 20));
        byte[] expected = SHA256.HashData([.. first, .. second]);
        Assert.Equal([expected, expected], TensorDigest.Of([values, values.view(1, -1).t().expand(-1, 2).select(1, 0)]));
    }

    [Fact]
    public void Identity_is_the_digest_of_names_types_shapes_and_values()
    {
        using var scope = NewDisposeScope();
        using var module = nn.Linear(2, 1);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, string shape, var value) in new[] { ("bias", "[1]", module.bias!), ("weight", "[1, 2]", module.weight!) })
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} Float32 {shape}\n"));
            hash.AppendData(SHA256.HashData(SHA256.HashData(value.bytes)));
        }

        Assert.Contains(
            Convert.ToHexStringLower(hash.GetHashAndReset())[..16],
            ModuleFingerprint.Of(module).ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Stamp_of_a_file_changes_with_every_write_and_with_another_file_of_its_name()
    {
        string path = Path.Combine(_folder, "file"),
            other = Path.Combine(_folder, "other");
        Assert.Null(FileStamp.Of(path));
        File.WriteAllText(path, "one");
        if (FileStamp.Of(path) is not FileStamp stamp)
        {
            Assert.False(OperatingSystem.IsLinux());
            return;
        }

        Assert.Equal(stamp, FileStamp.Of(path));
        Assert.Equal(3ul, stamp.Length);
        Assert.Equal(
            new FileInfo(path).LastWriteTimeUtc,
            DateTimeOffset.FromUnixTimeMilliseconds(stamp.Modified / 1_000_000),
            TimeSpan.FromMilliseconds(2)
        );
        Assert.False(stamp.IsSettled(DateTimeOffset.UtcNow));
        Assert.True(stamp.IsSettled(DateTimeOffset.UtcNow.AddSeconds(3)));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-1));
        Assert.NotEqual(stamp, FileStamp.Of(path));
        stamp = FileStamp.Of(path)!.Value;
        File.WriteAllText(other, "one");
        File.Move(other, path, overwrite: true);
        Assert.NotEqual(stamp, FileStamp.Of(path));
    }
}
