// A reward model of your own: an asynchronous judge, here a function that waits as a remote service would. Prints what training gained.
using SampleHosting;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Checks;

if (CommandHost.Answer(args, "Checks an asynchronous judge of your own, trains on it, and says what that gained.") is int exitCode)
    return exitCode;

torch.set_num_threads(1);
Prompt[] prompts = ["a day in spring", "a day in autumn"];
using var policy = new TabularPolicy(prompts, vocabularySize: 6, length: 4); // words 0 to 5; CausalLmPolicy takes a real model
using var reference = policy.CloneFrozen();
var reward = new RhymeJudge();

var table = await ReferenceTable.EstimateAsync(new Scorer(reference, reward), prompts, samplesPerPrompt: 256, seed: 1);

// snippet: check
CheckReport check = await RewardCheck.RunAsync(
    reward,
    reference.Sample(prompts, completionsPerPrompt: 8, seed: 0),
    new RewardCheckOptions { Table = table }
);
check.ThrowIfFailed();

// end snippet

var bestOfN = table.BestOf(n: 8, logger: ConsoleLog.Warnings);
var objective = new ExactObjective(bestOfN);
var scorer = new Scorer(reference, reward);
var evaluator = new Evaluator(scorer, table);
using var adam = new Adam(policy.Parameters, learningRate: 0.05);
Console.WriteLine($"Before:\n{await evaluator.EvaluateAsync(policy, prompts, completionsPerPrompt: 256, seed: 0, bestOfN)}\n");

for (int step = 0; step < 400; step++)
{
    var drawn = policy.Sample(prompts, completionsPerPrompt: 64, seed: step);
    var scored = await scorer.ScoreAsync(drawn);
    using var scope = torch.NewDisposeScope();
    var targets = objective.LogTargets(scored);
    var loss = ScoreFunction.Loss(policy.LogProb(scored), targets, scored.Groups);
    adam.ZeroGrad();
    loss.backward();
    adam.Step();
}

Console.WriteLine(
    $"After, one draw should be worth about "
        + $"8:\n{await evaluator.EvaluateAsync(policy, prompts, completionsPerPrompt: 256, seed: 0, bestOfN)}"
);
return 0;

/// <summary>Likes verses whose ends rhyme (equal parity of the first and last word) and that use many different words.</summary>
internal sealed class RhymeJudge : IRewardModel
{
    public ModelIdentity Identity => "rhyme judge, version 1"; // change it when the judge changes: a table of old rewards is then refused

    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        await Task.Delay(1, cancellationToken); // the way to a remote judge; throw when it fails, never return a made-up number
        return [.. completions.Select(Score)];
    }

    private static double Score(Completion completion)
    {
        bool rhymes = completion.Tokens[0] % 2 == completion.Tokens[^1] % 2;
        return completion.Tokens.Distinct().Count() + (rhymes ? 1.5 : 0) + (0.01 * completion.Tokens.Sum());
    }
}
