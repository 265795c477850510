using System.Globalization;
// An objective and a loss of your own, both checked against the exact answer. The objective: a tempered Best-of-N, pi_ref^(1 - t)
// pi_bon^t up to a constant. The loss: HuberLogRatio.cs.
using SampleHosting;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Losses;
using VariationalBoN.Policies;

const double Delta = 0.5;
if (CommandHost.Answer(args, "Trains with an objective and a loss of your own, and checks both against the exact answer.") is int exitCode)
    return exitCode;

torch.set_num_threads(1);
double[] probabilities = [.4, .3, .15, .1, .05]; // five answers to one prompt, the rarest the best
using var policy = new TabularPolicy(["?"], vocabularySize: 5, length: 1, [.. probabilities.Select(p => Math.Log(p))]);
using var reference = policy.CloneFrozen();
var reward = RewardModel.FromFunction(completion => completion.Tokens[0], "the index of the answer");
var bestOfN = new KnownCdfBoNDistribution((_, r) => new LogCdfPair(LogSum((int)r), LogSum((int)r + 1)), n: 4);
var objective = new TemperedObjective(bestOfN, 0.5);

// The objective, by a loss of the library on completions of the policy.
var scorer = new Scorer(reference, reward);
using var adam = new Adam(policy.Parameters, learningRate: 0.05);
for (int step = 0; step < 600; step++)
{
    adam.SetLearningRate(0.05 * (1 - (step / 600.0))); // less and less noise
    var scored = await scorer.ScoreAsync(policy.Sample(["?"], completionsPerPrompt: 64, seed: step));
    using var scope = torch.NewDisposeScope();
    var loss = ScoreFunction.Loss(policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
    adam.ZeroGrad();
    loss.backward();
    adam.Step();
}

// The same objective by the own loss, offline: it sees the five answers and draws nothing.
var answers = Enumerable
    .Range(0, 5)
    .Select(i => new ScoredCompletion(
        new Completion
        {
            Prompt = "?",
            Text = $"{i}",
            Tokens = [i],
        },
        i,
        Math.Log(probabilities[i])
    ))
    .ToArray();
Completion[] completions = [.. answers.Select(answer => answer.Completion)];
double[] logTarget = [.. answers.Select(objective.LogTarget)],
    target = [.. logTarget.Select(Math.Exp)];
using var offline = reference.Clone();
using var other = new Adam(offline.Parameters, learningRate: 0.05);
for (int step = 0; step < 600; step++)
{
    other.SetLearningRate(0.05 * (1 - (step / 600.0)));
    using var scope = torch.NewDisposeScope();
    var loss = HuberLogRatio.Loss(offline.LogProb(completions), logTarget, [0, 0, 0, 0, 0], Delta);
    other.ZeroGrad();
    loss.backward();
    other.Step();
}

double[] learned = policy.LogProbValues(completions),
    regressed = offline.LogProbValues(completions);
Console.WriteLine("answer   reference        g    learned   by the own loss");
for (int i = 0; i < 5; i++)
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{i, 6}   {probabilities[i], 9:0.0000}   {target[i] / target.Sum(), 6:0.0000}   {Math.Exp(learned[i]), 8:0.0000}   "
                + $"{Math.Exp(regressed[i]), 15:0.0000}"
        )
    );

// The gradient of the own loss, before any step: its mean over all 25 pairs that the reference draws,
// against the sum by hand, and for a large delta against the library's loss.
double[] exact = new double[5],
    d = [.. logTarget.Select((g, i) => Math.Log(probabilities[i]) - g)];
for (int i = 0; i < 5; i++)
    // huber'(x) = x, at most delta
    exact[i] = Enumerable.Range(0, 5).Sum(j => 2 * probabilities[i] * probabilities[j] * Math.Clamp(d[i] - d[j], -Delta, Delta));
double[] own = MeanGradient((logProb, targets, groups) => HuberLogRatio.Loss(logProb, targets, groups, Delta));
double[] wide = MeanGradient((logProb, targets, groups) => HuberLogRatio.Loss(logProb, targets, groups, delta: 1e6)),
    squares = MeanGradient(SquaredLogRatio.Centred);
Console.WriteLine("\nmean gradient by each logit\nanswer   by hand   own loss    delta 1e6   SquaredLogRatio.Centred");
for (int i = 0; i < 5; i++)
    Console.WriteLine(
        FormattableString.Invariant($"{i, 6}   {exact[i], 7:0.0000}   {own[i], 8:0.0000}   {wide[i], 10:0.0000}   {squares[i], 23:0.0000}")
    );
double error = exact.Zip(own, (a, b) => Math.Abs(a - b)).Concat(wide.Zip(squares, (a, b) => Math.Abs(a - b))).Max();
Console.WriteLine(FormattableString.Invariant($"largest difference {error:0.0e+0}"));
return error < 1e-12 ? 0 : 1;

double LogSum(int count) => Math.Log(Math.Min(1, probabilities.Take(count).Sum()));

double[] MeanGradient(Func<torch.Tensor, IReadOnlyList<double>, IReadOnlyList<int>, torch.Tensor> lossOf)
{
    using var start = reference.Clone();
    double[] mean = new double[5];
    for (int pair = 0; pair < 25; pair++)
    {
        int[] drawn = [pair / 5, pair % 5];
        using var scope = torch.NewDisposeScope();
        start.Logits.grad?.zero_();
        lossOf(start.LogProb([.. drawn.Select(i => completions[i])]), [.. drawn.Select(i => logTarget[i])], [0, 0]).backward();
        double[] gradient = start.Logits.grad!.data<double>().ToArray();
        for (int i = 0; i < 5; i++)
            mean[i] += probabilities[drawn[0]] * probabilities[drawn[1]] * gradient[i];
    }

    return mean;
}

/// <summary>log g = log pi_ref + t (log pi_bon - log pi_ref): t = 0 stays at the reference, t = 1 is Best-of-N.</summary>
internal sealed class TemperedObjective(IBoNDistribution bestOfN, double t) : IVariationalObjective
{
    public ScoringIdentity? Requires => bestOfN.Origin; // scores of another judge or reference are refused

    public double LogTarget(ScoredCompletion completion) => completion.LogReference + (t * bestOfN.LogRatio(completion));
}
