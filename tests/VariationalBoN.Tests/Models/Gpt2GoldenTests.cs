using System.Text.Json;
using VariationalBoN.Models;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Models;

/// <summary>Against the answers of transformers 4.57 for a tiny random GPT-2 (Golden/hf/gpt2/expected.json).</summary>
[Trait("Tier", "torch")]
public sealed class Gpt2GoldenTests : IDisposable
{
    private const double Tolerance = 2e-5; // of the largest logit
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "gpt2");
    private readonly Gpt2 _model;
    private readonly List<Row> _rows;

    public Gpt2GoldenTests()
    {
        _model = new Gpt2(Gpt2Config.Load(Path.Combine(Folder, "config.json")), seed: 1);
        Safetensors.Load(Path.Combine(Folder, "model.safetensors"), _model, "transformer.");
        _model.eval();
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "expected.json")));
        _rows = [.. expected.RootElement.GetProperty("causal").GetProperty("rows").EnumerateArray().Select(row => new Row(
            Ints(row, "ids"), Ints(row, "positions"), Ints(row, "logit_slice"), Ints(row, "greedy"), row.GetProperty("max_abs_logit").GetDouble(),
            [.. row.GetProperty("logits").EnumerateArray().Select(Doubles)], Doubles(row.GetProperty("token_log_probs"))))];
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Logits_are_those_of_transformers()
    {
        foreach (var row in _rows)
        {
            using var scope = NewDisposeScope();
            RequireLogits(row, _model.forward(Batch([row])).detach(), 0);
        }
    }

    [Fact]
    public void Logits_in_a_padded_batch_of_mixed_lengths_are_those_of_single_rows()
    {
        using var scope = NewDisposeScope();
        var logits = _model.forward(Batch(_rows)).detach();
        for (int i = 0; i < _rows.Count; i++)
            RequireLogits(_rows[i], logits, i);
    }

    [Fact]
    public void Greedy_continuations_through_the_cache_are_those_of_transformers()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        int steps = _rows[0].Greedy.Length;
        using IDecoding decoding = _model.StartDecoding(Batch(_rows), [.. _rows.Select(row => row.Ids.Length)], steps, out var logits);
        for (int step = 0; step < steps; step++)
        {
            var next = logits.argmax(-1);
            Assert.Equal(_rows.Select(row => (long)row.Greedy[step]), next.data<long>().ToArray());
            logits = decoding.Append(next);
        }
    }

    [Fact]
    public void Token_log_probs_are_those_of_transformers()
    {
        var policy = new CausalLmPolicy(_model, new NumberTokenizer(601), new GenerationOptions { MaximumNewTokens = 16 });
        double[] values = policy.LogProbValues([.. _rows.Select(row => new Completion { Prompt = "", Text = "", PromptTokens = [row.Ids[0]], Tokens = [.. row.Ids[1..]] })]);
        for (int i = 0; i < _rows.Count; i++)
            Assert.Equal(_rows[i].TokenLogProbs.Sum(), values[i], 1e-4);
    }

    private static void RequireLogits(Row row, Tensor logits, int index)
    {
        for (int k = 0; k < row.Positions.Length; k++)
        {
            float[] actual = logits[index, row.Positions[k], ..row.Slice[1]].data<float>().ToArray();
            for (int v = 0; v < actual.Length; v++)
                Assert.Equal(row.Logits[k][v], actual[v], Tolerance * row.MaxAbsLogit);
        }
    }

    private static Tensor Batch(IReadOnlyList<Row> rows)
    {
        int width = rows.Max(row => row.Ids.Length);
        long[] ids = new long[rows.Count * width];
        for (int i = 0; i < rows.Count; i++)
        {
            for (int t = 0; t < width; t++)
                ids[(i * width) + t] = t < rows[i].Ids.Length ? rows[i].Ids[t] : 600 - i;
        }

        return tensor(ids, [rows.Count, width]);
    }

    private static int[] Ints(JsonElement row, string key) => [.. row.GetProperty(key).EnumerateArray().Select(x => x.GetInt32())];

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(x => x.GetDouble())];

    private sealed record Row(int[] Ids, int[] Positions, int[] Slice, int[] Greedy, double MaxAbsLogit, double[][] Logits, double[] TokenLogProbs);
}
