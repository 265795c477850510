using TorchSharp;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Gradients;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;
using VariationalBoN.Training;

string[] prompts = ["red", "blue"];
using var policy = new TabularPolicy(prompts, vocabularySize: 4, length: 3); // or CausalLmPolicy around your model
using var reference = policy.CloneFrozen();
var reward = new CountsThrees();
torch.set_num_threads(1);

// snippet: loop
var table = await ReferenceTable.EstimateAsync(reference, reward, prompts, samplesPerPrompt: 256, seed: 1);
var bestOfN = table.BestOf(n: 8);                                                  // pi_bon(.|x), one per prompt
var objective = new ExactObjective();                                              // or LowerBoundObjective, GibbsObjective, yours
var scorer = new Scorer(reference, reward);
using var adam = new AdamW(policy.Parameters, learningRate: 0.05);                 // safe beside other threads

for (int step = 0; step < 200; step++)
{
    var drawn = policy.Sample(prompts, completionsPerPrompt: 16, seed: step);      // y ~ pi_theta(.|x)     plain data
    var scored = await scorer.ScoreAsync(drawn);                                   // r(x,y), log pi_ref    plain data
    using var scope = torch.NewDisposeScope();                                     // tensors live below this line only
    var targets = objective.LogTargets(bestOfN, scored);                           // log g(y)              doubles
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

sealed class CountsThrees : IRewardModel
{
    public Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<double>>([.. completions.Select(completion => (double)completion.Tokens.Count(token => token == 3))]);
}
