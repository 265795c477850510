// A world of 27 answers, small enough to know the truth: how far is the policy from the Best-of-8 of its start, before and after?
using SampleHosting;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Testing.Worlds;

if (
    CommandHost.Answer(
        args,
        "Trains a policy of 27 answers to the Best-of-8 of its start, and says how far it is from the truth before and after."
    )
    is int exitCode
)
    return exitCode;

torch.set_num_threads(1);
const int Steps = 600;
const double LearningRate = 0.1;

// Three tokens, three steps; the reference draws at random, and the reward is the number that the tokens write.
double[] rewards = [.. Enumerable.Range(0, 27).Select(answer => (double)answer)];
var world = new EnumerableWorld(vocabularySize: 3, length: 3, referenceLogits: new double[13 * 3], rewards, n: 8);
using var policy = world.Reference();
using var reference = policy.CloneFrozen();
var scorer = new Scorer(reference, world.RewardModel());
var objective = new ExactObjective(world.BestOfN);
using var adam = new Adam(policy.Parameters, LearningRate);
Console.WriteLine($"KL(pi_theta || pi_bon) before: {KlToBestOfN():0.0000} nats, mean reward {MeanReward():0.00}");

for (int step = 0; step < Steps; step++)
{
    adam.SetLearningRate(LearningRate * (1 - ((double)step / Steps))); // less and less noise
    var drawn = policy.Sample([EnumerableWorld.Prompt], completionsPerPrompt: 64, seed: step); // y ~ pi_theta, plain data
    var scored = await scorer.ScoreAsync(drawn); // r(y), log pi_ref
    using var scope = torch.NewDisposeScope(); // tensors live below this line only
    var targets = objective.LogTargets(scored); // log pi_bon
    var loss = ScoreFunction.Loss(policy.LogProb(scored), targets, scored.Groups); // pulls pi_theta to pi_bon
    adam.ZeroGrad();
    loss.backward();
    adam.Step();
}

Console.WriteLine($"KL(pi_theta || pi_bon) after:  {KlToBestOfN():0.0000} nats, mean reward {MeanReward():0.00}");
Console.WriteLine(
    $"Best-of-8 itself:              {0:0.0000} nats, mean reward {world.ExpectedReward(world.LogBestOfN):0.00}, for 8 times the draws"
);
return 0;

double KlToBestOfN() => EnumerableWorld.Kl(world.LogProbs(policy.LogitValues()), world.LogBestOfN);
double MeanReward() => world.ExpectedReward(world.LogProbs(policy.LogitValues()));
