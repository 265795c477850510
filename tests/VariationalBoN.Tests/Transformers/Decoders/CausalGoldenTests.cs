using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>Every family against the answers of transformers 4.57.</summary>
[Trait("Tier", "torch")]
[Trait("Kernels", "any")]
public sealed class CausalGoldenTests
{
    public static TheoryData<string> Cases => [.. GoldenCase.Causal];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_and_entropies_are_those_of_transformers(string name)
    {
        var golden = new GoldenCase(name);
        using var model = golden.Load();
        foreach (var row in golden.Rows)
        {
            using var scope = NewDisposeScope();
            var logits = model.forward(GoldenCase.Batch([row])).detach();
            row.RequireLogits(logits, 0);
            var logProb = logits[0].log_softmax(-1);
            float[] entropy = (logProb.exp() * logProb).sum(-1).neg().data<float>().ToArray();
            Assert.Equal(row.Entropy.Length, entropy.Length);
            for (int t = 0; t < entropy.Length; t++)
                Assert.Equal(row.Entropy[t], entropy[t], 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_in_a_padded_batch_of_mixed_lengths_are_those_of_single_rows(string name)
    {
        using var scope = NewDisposeScope();
        var golden = new GoldenCase(name);
        using var model = golden.Load();
        var logits = model.forward(GoldenCase.Batch(golden.Rows)).detach();
        for (int i = 0; i < golden.Rows.Count; i++)
            golden.Rows[i].RequireLogits(logits, i);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Greedy_continuations_through_the_cache_are_those_of_transformers(string name)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var golden = new GoldenCase(name);
        using var model = golden.Load();
        var rows = golden.Rows;
        int steps = rows[0].Greedy.Length;
        using IDecoding decoding = model.StartDecoding(
            GoldenCase.Batch(rows),
            [.. rows.Select(row => row.Ids.Length)],
            steps,
            out var logits
        );
        for (int step = 0; step < steps; step++)
        {
            var next = logits.argmax(-1);
            Assert.Equal(rows.Select(row => (long)row.Greedy[step]), next.data<long>().ToArray());
            logits = decoding.Append(next);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Left_padded_batch_with_its_mask_has_the_logits_of_single_rows(string name)
    {
        using var scope = NewDisposeScope();
        var golden = new GoldenCase(name);
        using var model = golden.Load();
        int width = golden.Rows.Max(row => row.Ids.Length) + 1;
        long[] tokens =
        [
            .. golden.Rows.SelectMany(row => Enumerable.Repeat(-1L, width - row.Ids.Length).Concat(row.Ids.Select(id => (long)id))),
        ]; // padding is no id at all
        var batch = tensor(tokens, [golden.Rows.Count, width]);
        var logits = model.Logits(batch, tensor(Array.ConvertAll(tokens, token => token < 0 ? 0L : 1L), batch.shape)).detach();
        for (int i = 0; i < golden.Rows.Count; i++)
            golden.Rows[i].RequireLogits(logits.narrow(1, width - golden.Rows[i].Ids.Length, golden.Rows[i].Ids.Length), i);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Policy_that_keeps_one_token_draws_the_greedy_continuations_of_transformers(string name)
    {
        var golden = new GoldenCase(name);
        using var model = golden.Load();
        var policy = new CausalLmPolicy(
            model,
            new NumberTokenizer(model.VocabularySize),
            new GenerationOptions { TopK = 1, MaxNewTokens = golden.Rows[0].Greedy.Length }
        );
        var drawn = policy.Sample([.. golden.Rows.Select(row => string.Join(' ', row.Ids))], completionsPerPrompt: 2, seed: 1);
        for (int i = 0; i < drawn.Count; i++)
            Assert.Equal(golden.Rows[i / 2].Greedy, drawn[i].Tokens);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Token_log_probs_are_those_of_transformers(string name)
    {
        var golden = new GoldenCase(name);
        using var model = golden.Load();
        var policy = new CausalLmPolicy(model, new NumberTokenizer(model.VocabularySize), new GenerationOptions { MaxNewTokens = 16 });
        double[] values = policy.LogProbValues([
            .. golden.Rows.Select(row => new Completion
            {
                Prompt = "",
                Text = "",
                PromptTokens = [row.Ids[0]],
                Tokens = [.. row.Ids[1..]],
            }),
        ]);
        for (int i = 0; i < golden.Rows.Count; i++)
            Assert.Equal(golden.Rows[i].TokenLogProbs.Sum(), values[i], 1e-4);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Configuration_is_read_back_equal_from_what_is_written(string name)
    {
        var config = new GoldenCase(name).Config;
        Assert.Equal(config, VariationalBoN.Transformers.Decoders.CausalTransformerConfig.FromJson(config.ToJson()));
    }
}
