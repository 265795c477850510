using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Losses;
using VariationalBoN.References;
using VariationalBoN.Tests.Policies;
using static VariationalBoN.Tests.Guidance.GuidedExample;

namespace VariationalBoN.Tests.Guidance;

/// <summary>The code of docs/guidance.md.</summary>
[Trait("Tier", "torch")]
public sealed class GuidanceSnippets : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Guided_decoding_of_the_page_runs()
    {
        (CausalLmPolicy reference, ReferenceTable table) = await Made;
        Scorer scorer = Scorer(reference);
        Prompt[] train = Train,
            heldOut = HeldOut;
        string path = _path;
        ValueHeadOptions options = Options(epochs: 1);

        // snippet: guided
        using ValueHead head = ValueHead.Train(reference, table, train, options); // once: from the samples of the table, no new draws
        var guided = new GuidedPolicy(reference, head, RankWeight.BestOf(8)); // an IPolicy: Sample, LogProb, exact KL
        var answers = guided.Sample(heldOut, completionsPerPrompt: 4, seed: 1);
        var bolder = guided.With(RankWeight.BestOf(32)); // N is a dial
        var report = await new Evaluator(scorer, table).EvaluateAsync(guided, heldOut, 64, seed: 1, table.BestOf(8));
        head.Save(path); // safetensors; ValueHead.Load(path, scorer) reads it back
        // end snippet

        Assert.Equal(8, answers.Count);
        Assert.Equal(RankWeight.BestOf(32), bolder.Weight);
        Assert.Equal(128, report.Completions);
    }

    [Fact]
    public async Task Several_draws_of_the_page_run()
    {
        (CausalLmPolicy reference, ReferenceTable table) = await Made;
        Scorer scorer = Scorer(reference);
        using ValueHead head = await HeadAsync(Options(epochs: 1));
        var guided = new GuidedPolicy(reference, head, RankWeight.BestOf(8));
        Prompt[] prompts = HeldOut;

        // snippet: resampled
        var resampler = new ImportanceResampler(guided, scorer, table.BestOf(8));
        var kept = await resampler.SampleAsync(prompts, draws: 4, seed: 1); // one of 4, by pi_bon / pi: nearer to Best-of-8
        // the best of 4
        var best = await new BestOfNSampler(guided.With(RankWeight.BestOf(2)), scorer.Reward).SampleAsync(prompts, n: 4, seed: 1);
        // end snippet

        Assert.All(kept, answer => Assert.InRange(answer.EffectiveDraws, 1, 4));
        Assert.Equal(prompts, best.Select(answer => answer.Completion.Prompt));
    }

    [Fact]
    public async Task Fine_tuning_with_values_of_the_page_runs()
    {
        (CausalLmPolicy reference, ReferenceTable table) = await Made;
        Scorer scorer = Scorer(reference);
        using ValueHead head = await HeadAsync(Options(epochs: 1));
        using var model = TinyModels.Gpt2();
        var policy = Policy(model);
        var bestOfN = table.BestOf(8);
        Prompt[] train = Train;

        // snippet: values
        var scored = await scorer.ScoreAsync(policy.Sample(train, completionsPerPrompt: 4, seed: 1));
        var values = TokenValues.Of(head, reference, scored, RankWeight.BestOf(8), bestOfN); // plain data: log pi_ref and V of each token
        using var loss = ScoreFunction.Loss(policy.TokenLogProb(scored), values.LogReference, values.Values, lambda: 0.8);
        // end snippet

        loss.backward();
        Assert.Contains(model.parameters(), parameter => parameter.grad is not null);
    }

    [Fact]
    public async Task Distillation_of_the_page_comes_nearer_to_the_teacher()
    {
        (CausalLmPolicy reference, _) = await Made;
        using ValueHead head = await HeadAsync(Options(epochs: 4));
        using var model = TinyModels.Gpt2();
        var policy = Policy(model);
        using var adam = new Adam(model.parameters(), 5e-3);
        Prompt[] prompts = [.. Train.Take(8)];
        var losses = new List<double>();
        // snippet: distilled
        var teacher = new GuidedPolicy(reference, head, RankWeight.BestOf(8)); // once: it compares all weights of the reference
        for (int step = 0; step < 30; step++)
        {
            adam.ZeroGrad();
            var drawn = policy.Sample(prompts, completionsPerPrompt: 1, seed: step); // y ~ pi_theta; nobody scores it
            double loss = 0;
            foreach (Completion[] part in drawn.Chunk(4)) // tokens x vocabulary in memory: a few completions at a time
            {
                using var scope = torch.NewDisposeScope();
                var kl = Distillation.Loss(policy.NextTokenLogProb(part), teacher.NextTokenLogProb(part), drawn.Count);
                kl.backward(); // the gradients of the parts add up to that of the batch
                loss += kl.item<float>();
            }

            adam.Step();
            losses.Add(loss);
        }
        // end snippet

        Assert.InRange(losses.TakeLast(5).Average(), 0, 0.5 * losses.Take(5).Average());
    }
}
