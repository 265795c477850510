using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The file of one finished run.</summary>
/// <param name="Run">What was run.</param>
/// <param name="Result">Its held-out numbers.</param>
/// <param name="Seconds">Wall-clock time of training and measuring, beside other runs.</param>
/// <param name="CompletionsDrawn">Completions drawn during training.</param>
/// <param name="Stopped">Why the guard stopped it; null for a whole run.</param>
/// <param name="Weights">SHA-256 of the weights, to see that two runs are the same to the bit.</param>
/// <param name="Curve">Held-out numbers on the way, where asked for.</param>
internal sealed record RunRecord(
    GridRun Run,
    MethodResult Result,
    double Seconds,
    long CompletionsDrawn,
    string? Stopped,
    string Weights,
    IReadOnlyList<CurvePoint> Curve
)
{
    /// <summary>Processor seconds of training alone; null where other runs went beside it, whose time cannot be told apart.</summary>
    public double? ProcessorSeconds { get; init; }

    /// <summary>Processor seconds of the value head that it uses, which all runs of the seed share; null for none.</summary>
    public double? HeadSeconds { get; init; }

    /// <summary>What that head was trained with; null for none, and in files of before this was kept.</summary>
    public ValueHeadOptions? Head { get; init; }

    /// <summary>How its guided policy treats the vocabulary; null for as the library did by default when it was run, or none. What that
    /// was is not kept.</summary>
    public GuidanceOptions? Guidance { get; init; }

    public static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Reads a finished run; null when it has not finished, or was a run of another description, with another value head, such as
    /// one of earlier defaults, or guided by options that are written differently.</summary>
    /// <remarks>Guidance as the library does by default is written as null. So a run from before those defaults changed is taken for one
    /// of now, unless the library's version changed with them, which the folder's own file holds.</remarks>
    /// <param name="folder">The folder of runs.</param>
    /// <param name="run">The run.</param>
    /// <param name="settings">The settings of the dataset.</param>
    public static RunRecord? Find(string folder, GridRun run, RunSettings settings)
    {
        var record = RunFolder.Read<RunRecord>(Path.Combine(folder, run.FileName));
        return
            record?.Run == run && record.Head == run.HeadOptions(settings.Head) && record.Guidance == run.GuidanceOptions(settings.Guidance)
            ? record
            : null;
    }

    /// <summary>Writes the file whole or not at all.</summary>
    public void Save(string folder) => RunFolder.Write(Path.Combine(folder, Run.FileName), this);

    public static string Fingerprint(Gpt2 model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((_, torch.Tensor value) in model.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            using var scope = torch.NewDisposeScope();
            hash.AppendData(value.detach().cpu().contiguous().bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>Held-out numbers after some steps.</summary>
internal sealed record CurvePoint(int Step, long CompletionsDrawn, double Reward, double WinRate, double Kl);
