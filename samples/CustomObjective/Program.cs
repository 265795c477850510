// One's own target distribution, checked against the exact answer: a tempered Best-of-N, pi_ref^(1 - t) pi_bon^t up to a constant.
using TorchSharp;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Gradients;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

torch.set_num_threads(1);
double[] probabilities = [.4, .3, .15, .1, .05]; // five answers to one prompt, the rarest the best
using var policy = new TabularPolicy(["?"], vocabularySize: 5, length: 1, [.. probabilities.Select(p => Math.Log(p))]);
using var reference = policy.CloneFrozen();
var reward = RewardModel.FromFunction(completion => completion.Tokens[0], "the index of the answer");
var bestOfN = new KnownCdfBoNDistribution((_, r) => new LogCdfPair(LogSum((int)r), LogSum((int)r + 1)), n: 4);
var objective = new TemperedObjective(0.5);

var scorer = new Scorer(reference, reward);
using var adam = torch.optim.Adam(policy.Parameters, lr: 0.05);
for (int step = 0; step < 600; step++)
{
    adam.ParamGroups.First().LearningRate = 0.05 * (1 - (step / 600.0)); // less and less noise
    var scored = await scorer.ScoreAsync(policy.Sample(["?"], completionsPerPrompt: 64, seed: step));
    using var scope = torch.NewDisposeScope();
    var loss = ScoreFunction.Loss(policy.LogProb(scored), objective.LogTargets(bestOfN, scored), scored.Groups);
    adam.zero_grad();
    loss.backward();
    adam.step();
}

var answers = Enumerable.Range(0, 5).Select(i => new ScoredCompletion(new Completion { Prompt = "?", Text = $"{i}", Tokens = [i] }, i, Math.Log(probabilities[i]))).ToArray();
double[] target = [.. objective.LogTargets(bestOfN, answers).Select(log => Math.Exp(log))];
double[] learned = policy.LogProbValues([.. answers.Select(answer => answer.Completion)]);
Console.WriteLine("answer   reference   target    learned");
for (int i = 0; i < 5; i++)
    Console.WriteLine(FormattableString.Invariant($"{i,6}   {probabilities[i],9:0.0000}   {target[i] / target.Sum(),6:0.0000}   {Math.Exp(learned[i]),8:0.0000}"));

double LogSum(int count) => Math.Log(Math.Min(1, probabilities.Take(count).Sum()));

/// <summary>log g = log pi_ref + t (log pi_bon - log pi_ref): t = 0 stays at the reference, t = 1 is Best-of-N.</summary>
internal sealed class TemperedObjective(double t) : IVariationalObjective
{
    public double LogTarget(IBoNDistribution bestOfN, ScoredCompletion completion) => completion.LogReference + (t * bestOfN.LogRatio(completion));
}
