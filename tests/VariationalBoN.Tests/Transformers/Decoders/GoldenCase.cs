using System.Text.Json;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>A tiny random model in Hugging Face's layout with the answers of transformers (Golden/hf/NAME/expected.json).</summary>
internal sealed class GoldenCase
{
    /// <summary>Of the largest logit.</summary>
    public const double Tolerance = 2e-5;

    /// <summary>Every case with a causal language model.</summary>
    public static readonly string[] Causal =
    [
        "gpt2",
        "gpt2-bf16",
        "gpt2-bf16-config-v5",
        "gpt2-hub-layout",
        "gpt2-pytorch-bin",
        "llama-sharded-bf16",
        "llama2",
        "llama3",
        "llama3-config-v5",
        "mistral",
        "pythia",
        "pythia-config-v5",
        "pythia-hub-layout-f16",
        "qwen2",
        "qwen3",
        "qwen3-config-v5",
    ];

    private readonly string _folder;

    public GoldenCase(string name)
    {
        _folder = FolderOf(name);
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "expected.json")));
        Rows = [.. expected.RootElement.GetProperty("causal").GetProperty("rows").EnumerateArray().Select(row => new GoldenRow(row))];
    }

    public IReadOnlyList<GoldenRow> Rows { get; }

    public static string FolderOf(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);

    public CausalTransformerConfig Config => CausalTransformerConfig.Load(Path.Combine(_folder, "config.json"));

    /// <summary>The model of the case in float32.</summary>
    public CausalTransformer Load() => PretrainedCausalLm.Load(_folder).Model;

    /// <summary>The rows as one right-padded batch [B, T]; what stands in the padding is arbitrary.</summary>
    public static Tensor Batch(IReadOnlyList<GoldenRow> rows)
    {
        int width = rows.Max(row => row.Ids.Length);
        long[] ids = new long[rows.Count * width];
        for (int i = 0; i < rows.Count; i++)
        {
            for (int t = 0; t < width; t++)
                ids[(i * width) + t] = t < rows[i].Ids.Length ? rows[i].Ids[t] : 250 - i;
        }

        return tensor(ids, [rows.Count, width]);
    }
}

/// <summary>One sequence of a case.</summary>
internal sealed class GoldenRow(JsonElement row)
{
    public int[] Ids { get; } = Ints(row, "ids");

    public int[] Positions { get; } = Ints(row, "positions");

    public int Compared { get; } = Ints(row, "logit_slice")[1];

    public int[] Greedy { get; } = Ints(row, "greedy");

    public double MaxAbsLogit { get; } = row.GetProperty("max_abs_logit").GetDouble();

    public double[][] Logits { get; } = [.. row.GetProperty("logits").EnumerateArray().Select(Doubles)];

    public double[] TokenLogProbs { get; } = Doubles(row.GetProperty("token_log_probs"));

    public double[] Entropy { get; } = Doubles(row.GetProperty("entropy"));

    /// <summary>Holds logits [B, T, V] of row <paramref name="index"/> to the answers.</summary>
    public void RequireLogits(Tensor logits, int index)
    {
        for (int k = 0; k < Positions.Length; k++)
        {
            float[] actual = logits[index, Positions[k], ..Compared].data<float>().ToArray();
            for (int v = 0; v < actual.Length; v++)
                Assert.Equal(Logits[k][v], actual[v], GoldenCase.Tolerance * MaxAbsLogit);
        }
    }

    private static int[] Ints(JsonElement row, string key) => [.. row.GetProperty(key).EnumerateArray().Select(x => x.GetInt32())];

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(x => x.GetDouble())];
}
