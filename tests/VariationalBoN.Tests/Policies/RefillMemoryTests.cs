namespace VariationalBoN.Tests.Policies;

[Trait("Tier", "torch")]
[Collection("Leaks")]
public sealed class RefillMemoryTests
{
    /// <summary>Live tensors when a completion ends, over a unit of 10,000 rows: those of the decoding, whatever came before.</summary>
    [Fact]
    public void Ten_thousand_refilled_rows_gain_no_tensor()
    {
        const int Draws = 10_000,
            Every = 100;
        var options = new GenerationOptions
        {
            MaxNewTokens = 8,
            StopTokens = [5, 4],
            RowsPerBatch = 32,
            RowsPerUnit = Draws,
        };
        using var model = TinyModels.Gpt2(layers: 1);
        var policy = new CausalLmPolicy(model, new NumberTokenizer(TinyModels.Vocabulary), options);
        Prompt[] prompts = ["1 2 3", "0", "2 2", "4 3 2 1"];
        policy.Sample(prompts, 10, seed: 1);
        long before = LiveTensors.Settled();
        var seen = new List<long>();
        int ended = 0;

        policy.SampleEach(
            prompts,
            Draws / prompts.Length,
            seed: 2,
            (_, _) =>
            {
                if (++ended % Every == 0)
                    seen.Add(LiveTensors.Now - before);
            }
        );

        Assert.Equal(before, LiveTensors.Now);
        Assert.Equal(Draws / Every, seen.Count);
        Assert.InRange(seen.TakeLast(50).Max(), 1, seen.Take(50).Max() + 8); // a step holds some more or fewer, none are left
        Assert.InRange(seen.Max(), 1, 60);
    }
}
