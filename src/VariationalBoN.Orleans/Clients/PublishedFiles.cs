using System.Security.Cryptography;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Weights;

namespace VariationalBoN.Orleans.Clients;

/// <summary>The weights that a learner has published, the last ones as files of its own. Not thread-safe.</summary>
/// <param name="parameters">What is published.</param>
/// <param name="kept">How many versions are kept.</param>
internal sealed class PublishedFiles(IReadOnlyList<(string Name, Parameter Value)> parameters, int kept) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("variationalbon-published-");
    private readonly MachineTurns _machines = new();
    private readonly Queue<string> _paths = [];
    private long _number;

    /// <summary>The last version; null before the first.</summary>
    public PublishedWeights? Last { get; private set; }

    /// <summary>Writes the parameters as they are now; a version of equal weights is the last one again.</summary>
    /// <param name="identity">The identity of the policy with them.</param>
    public PublishedWeights Publish(Func<ModelIdentity> identity)
    {
        string written = Path.Combine(_folder.FullName, "weights.safetensors");
        string digest = Write(written);
        if (digest == Last?.Version.Digest)
            return Last;
        string path = Path.Combine(_folder.FullName, $"{++_number}.safetensors");
        File.Move(written, path);
        _paths.Enqueue(path);
        while (_paths.Count > kept)
            File.Delete(_paths.Dequeue());
        return Last = new PublishedWeights(new WeightsVersion(_number, digest, identity().ToJson()), path, _machines);
    }

    /// <summary>Whether the parameters are still those of the last version.</summary>
    public bool AreUnchanged() => Last is not null && Write(Path.Combine(_folder.FullName, "now.safetensors")) == Last.Version.Digest;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(_folder.FullName))
            _folder.Delete(recursive: true);
    }

    private string Write(string path)
    {
        Safetensors.Save(path, parameters.ToDictionary(parameter => parameter.Name, parameter => (torch.Tensor)parameter.Value));
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
