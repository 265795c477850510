using TorchSharp;
using VariationalBoN;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

Prompt[] prompts = ["red", "blue"];
using var policy = new TabularPolicy(prompts, vocabularySize: 4, length: 3); // or CausalLmPolicy around your model
using var reference = policy.CloneFrozen();
var reward = new CountsThrees();
torch.set_num_threads(1);

// snippet: loop
var scorer = new Scorer(reference, reward); // r(x,y) and log pi_ref, one bundle
var table = await ReferenceTable.EstimateAsync(scorer, prompts, samplesPerPrompt: 256, seed: 1);
var objective = new ExactObjective(table.BestOf(n: 8)); // log pi_bon(y|x); or LowerBound, Gibbs, yours
using var adam = new AdamW(policy.Parameters, learningRate: 0.05); // ours: safe beside other threads

for (int step = 0; step < 200; step++)
{
    var drawn = policy.Sample(prompts, completionsPerPrompt: 16, seed: step); // y ~ pi_theta(.|x)     plain data
    var scored = await scorer.ScoreAsync(drawn); // r(x,y), log pi_ref    plain data
    using var scope = torch.NewDisposeScope(); // tensors live below this line only
    var targets = objective.LogTargets(scored); // log g(y)              doubles; refuses another judge's scores
    var loss = ScoreFunction.Loss(policy.LogProb(scored), targets, scored.Groups); // baseline per prompt
    adam.ZeroGrad();
    loss.backward();
    adam.Step();
}

// end snippet

double before = table[prompts[0]].Samples.Average(sample => sample.Reward);
double after = (await scorer.ScoreAsync(policy.Sample(prompts, 256, seed: -1))).Average(sample => sample.Reward);
Console.WriteLine($"mean reward {before:0.00} -> {after:0.00}");
return after > before + 0.5 ? 0 : 1;

internal sealed class CountsThrees : IRewardModel
{
    public ModelIdentity Identity => "counts threes, version 1"; // change it when the judge changes

    public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) =>
        Task.FromResult<RewardScores>([.. completions.Select(completion => (double)completion.Tokens.Count(token => token == 3))]);
}
