using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>What <c>checkpoint.json</c> says of the files beside it: it is written last, so a folder with a manifest is whole.</summary>
internal sealed record CheckpointManifest(
    long Step,
    ImmutableDictionary<string, double> Metrics,
    JsonNode? Configuration,
    ImmutableSortedDictionary<string, CheckpointManifest.Part> Parts
)
{
    internal const string FileName = "checkpoint.json";
    private const string Remedy = "Delete the folder to go on from an earlier checkpoint.";
    private const long LongestFile = 16 << 20;
    private const int MostNamed = 10;

    /// <summary>How the files of a checkpoint are written. Without double properties, JSON nodes are decoded at once: text that is none is
    /// found here and not where it is compared.</summary>
    internal static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The length and digest of one file.</summary>
    internal sealed record Part(long Bytes, string Sha256);

    /// <summary>The library that wrote it; for people who wonder.</summary>
    public string Library { get; init; } = $"VariationalBoN {typeof(CheckpointManifest).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>The kernels that it was computed with, whose rounding the rest of the run must have;
    /// null for those of libtorch's choice.</summary>
    public string? Kernels { get; init; }

    internal static Part Describe(string path)
    {
        using Stream stream = InputFile.OpenOrEmpty(path);
        return new Part(stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    internal void Write(string folder) =>
        AtomicFile.Write(
            Path.Combine(folder, FileName),
            stream => stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(this, Json)))
        );

    /// <exception cref="InvalidDataException">The file is damaged; the message names it.</exception>
    internal static CheckpointManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            var manifest =
                JsonSerializer.Deserialize<CheckpointManifest>(InputFile.ReadAll(path, LongestFile), Json)
                ?? throw new InvalidDataException("it is null");
            if (CheckpointFolder.NameOf(manifest.Step) != Path.GetFileName(folder))
                throw new InvalidDataException($"it is of step {manifest.Step}, its folder of another");
            if (manifest.Parts.Values.Any(part => part is null))
                throw new InvalidDataException("a part is null");
            return manifest;
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"{path} is no manifest of a checkpoint: {Shown.Reason(e.Message)} {Remedy}", e);
        }
    }

    /// <summary>Refuses a run with other settings, kernels or parts than those that the checkpoint was written with.</summary>
    /// <param name="folder">The folder of the checkpoint.</param>
    /// <param name="configuration">The settings of the run; null for none.</param>
    /// <param name="fileNames">The files of its parts.</param>
    /// <exception cref="InvalidOperationException">Something differs; the message names it.</exception>
    internal void RequireSameRun(string folder, JsonNode? configuration, IEnumerable<string> fileNames)
    {
        string[] differences = [.. ConfigurationDifferences.Between(Configuration, configuration)];
        if (Kernels != TorchRuntime.Kernels)
            differences =
            [
                $"kernels of {Named(Kernels)} there and of {Named(TorchRuntime.Kernels)} here "
                    + $"({nameof(TorchRuntime)}.{nameof(TorchRuntime.UseFastKernelsOnAmd)})",
                .. differences,
            ];
        if (differences.Length > 0)
            throw new InvalidOperationException(
                $"{folder} was made with other settings: {Shown.List(differences, "; ", MostNamed)}. Use the same settings, or "
                    + $"another folder for the new run."
            );
        string[] stored = [.. Parts.Keys.Order(StringComparer.Ordinal)],
            added = [.. fileNames.Order(StringComparer.Ordinal)];
        if (!stored.AsSpan().SequenceEqual(added))
            throw new InvalidOperationException(
                $"{folder} holds {Shown.List(stored.Select(Shown.Name), most: MostNamed)}, but these parts were added: "
                    + $"{string.Join(", ", added)}. Add the same parts as the run that wrote it."
            );
    }

    /// <summary>Holds every file against its length and digest.</summary>
    /// <exception cref="InvalidDataException">A file is missing or another one; the message names it.</exception>
    internal void Verify(string folder)
    {
        foreach ((string name, Part expected) in Parts)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
                throw new InvalidDataException($"{path} is missing from its checkpoint. {Remedy}");
            Part actual =
                new FileInfo(path) is { LinkTarget: null, Length: var length } && length == expected.Bytes
                    ? Describe(path)
                    : throw new InvalidDataException(
                        $"{path} is not the file of {expected.Bytes} bytes that was written: it is of another length, or a link. {Remedy}"
                    );
            if (actual != expected)
                throw new InvalidDataException(
                    $"{path} is damaged: {actual.Bytes} bytes with SHA-256 {actual.Sha256}, but the checkpoint was written with "
                        + $"{expected.Bytes} bytes and {Shown.Name(expected.Sha256)}. {Remedy}"
                );
        }
    }

    private static string Named(string? kernels) => kernels ?? "libtorch's choice";
}
