// A policy of your own: a Gaussian over whole numbers, with two parameters, pulled to the Best-of-N of its start.
using System.Globalization;
using SampleHosting;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Testing.Checks;
using Parameter = TorchSharp.Modules.Parameter;

if (CommandHost.Answer(args, "Checks and trains a policy of your own: a Gaussian over whole numbers.") is int exitCode)
    return exitCode;

torch.set_num_threads(1);
Prompt[] prompts = ["guess a number"];
using var reference = new DiscreteGaussian(mean: 0, deviation: 8, trainable: false);
using var policy = new DiscreteGaussian(mean: 0, deviation: 8);
var reward = RewardModel.FromFunction((_, text) => -Math.Abs(int.Parse(text, CultureInfo.InvariantCulture) - 12), "closeness to 12");

// snippet: check
PolicyCheck.Run(policy, prompts, new PolicyCheckOptions { Reference = reference }).ThrowIfFailed();

// end snippet

var table = await ReferenceTable.EstimateAsync(new Scorer(reference, reward), prompts, samplesPerPrompt: 512, seed: 1);
var bestOfN = table.BestOf(n: 4, logger: ConsoleLog.Warnings);
var objective = new ExactObjective(bestOfN);
var scorer = new Scorer(reference, reward);
var evaluator = new Evaluator(scorer, table);
using var adam = new Adam(policy.Parameters, learningRate: 0.05);
Console.WriteLine($"Before: {policy}\n{await evaluator.EvaluateAsync(policy, prompts, completionsPerPrompt: 512, seed: 0, bestOfN)}\n");
for (int step = 0; step < 200; step++)
{
    var scored = await scorer.ScoreAsync(policy.Sample(prompts, completionsPerPrompt: 64, seed: step));
    using var scope = torch.NewDisposeScope();
    var loss = ScoreFunction.Loss(policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
    adam.ZeroGrad();
    loss.backward();
    adam.Step();
}

Console.WriteLine(
    $"After: {policy}, the best that a Gaussian can do for the best of "
        + $"4\n{await evaluator.EvaluateAsync(policy, prompts, completionsPerPrompt: 512, seed: 0, bestOfN)}"
);
return 0;

/// <summary>pi(k) = softmax over k in -40..40 of -(k - mean)^2 / (2 deviation^2), whatever the prompt.</summary>
internal sealed class DiscreteGaussian : IPolicy, IDisposable
{
    private const int Largest = 40;
    private readonly Parameter _mean,
        _logDeviation;

    public DiscreteGaussian(double mean, double deviation, bool trainable = true) =>
        (_mean, _logDeviation) = (
            new Parameter(torch.tensor(mean, torch.float64), trainable),
            new Parameter(torch.tensor(Math.Log(deviation), torch.float64), trainable)
        );

    public IEnumerable<Parameter> Parameters => [_mean, _logDeviation];

    public bool IsTrainable => _mean.requires_grad; // a scorer refuses a reference that training could move

    public ModelIdentity Identity => $"discrete Gaussian, {this}"; // the reference table refuses another reference

    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        double[] probabilities = [.. LogProbs().exp().data<double>()]; // [V], plain data from here on
        var seen = new Dictionary<Prompt, int>(); // a prompt that stands twice gets different samples
        return [.. from prompt in prompts from _ in Enumerable.Range(0, completionsPerPrompt) select Draw(prompt)];

        Completion Draw(Prompt prompt)
        {
            seen[prompt] = seen.GetValueOrDefault(prompt) + 1;
            double u = new CounterRandom(seed, prompt, seen[prompt] - 1).Uniform(0) * probabilities.Sum();
            int index = 0;
            while (index < probabilities.Length - 1 && (u -= probabilities[index]) >= 0)
                index++;
            return new Completion
            {
                Prompt = prompt,
                Text = $"{index - Largest}",
                Tokens = [index],
            };
        }
    }

    public torch.Tensor LogProb(IReadOnlyList<Completion> completions)
    {
        using var scope = torch.NewDisposeScope();
        var drawn = torch.tensor(completions.Select(completion => (long)completion.Tokens[0]).ToArray()); // [B]
        return LogProbs().index_select(0, drawn).MoveToOuterDisposeScope(); // [B], with gradient
    }

    public void Dispose()
    {
        _mean.Dispose();
        _logDeviation.Dispose();
    }

    public override string ToString()
    {
        using var scope = torch.NewDisposeScope();
        return FormattableString.Invariant($"mean {_mean.item<double>():0.00}, deviation {_logDeviation.exp().item<double>():0.00}");
    }

    private torch.Tensor LogProbs()
    {
        using Scalar first = -Largest,
            end = Largest + 1,
            step = 1,
            two = 2,
            minusHalf = -0.5; // held while libtorch reads them
        var numbers = torch.arange(first, end, step, torch.float64); // [V]
        return torch.nn.functional.log_softmax(((numbers - _mean) / _logDeviation.exp()).pow(two).mul(minusHalf), 0);
    }
}
