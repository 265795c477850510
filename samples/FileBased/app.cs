// snippet: program
#:package VariationalBoN@0.9.0
#:package VariationalBoN.Transformers@0.9.0
#:package VariationalBoN.Testing@0.9.0
#:package TorchSharp-cpu@0.107.0
#:package Microsoft.Extensions.Logging.Console@10.0.15
using Microsoft.Extensions.Logging;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Testing.Models;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Pretrained;

// a model this small: 1, more threads only wait for each other; a real one on an idle machine: the number of cores
torch.set_num_threads(1);
using var loggers = LoggerFactory.Create(logging => logging.AddConsole());
var log = loggers.CreateLogger("VariationalBoN"); // hears what the library warns of

// The model. Here a tiny one, made and trained on the spot; for a real one give the path of a directory as downloaded from Hugging Face,
// and learningRate: 1e-5 below.
string directory = TinyLanguageModel.Write("tiny-model");
Prompt[] train = ["The film was", "The story was", "The film felt", "The story felt"],
    heldOut = ["The film seemed", "The story seemed"];

using var model = PretrainedCausalLm.Load(directory, new PretrainedOptions { Logger = log });
using var pair = model.WithReference(
    new GenerationOptions
    {
        MaxNewTokens = 24,
        StopTokens = model.StopTokens,
        Logger = log,
    }
);
var (policy, reference) = (pair.Policy, pair.Reference); // pi_theta, which trains, and the frozen pi_ref

// The reward: anything that gives a text a number. This one likes kind words, and fewer of all words.
string[] kind = ["moving", "clever", "funny", "bright", "warm"];
var reward = RewardModel.FromFunction((prompt, text) => kind.Count(text.Contains) - (0.01 * text.Length), "kind words, version 1");

// Draw from the reference once and score: the rewards of a prompt say what the best of 8 draws is.
var scorer = new Scorer(reference, reward); // r(x,y) and log pi_ref
using var table = await ReferenceTable.EstimateAsync(scorer, [.. train, .. heldOut], samplesPerPrompt: 128, seed: 1);
var bestOf8 = table.BestOf(n: 8, logger: log);
var objective = new ExactObjective(bestOf8); // log pi_bon(y|x)
var evaluator = new Evaluator(scorer, table);
Console.WriteLine($"Before:\n{await evaluator.EvaluateAsync(reference, heldOut, completionsPerPrompt: 128, seed: 2)}\n");

using var adam = new AdamW(policy.Parameters, learningRate: 1e-3);
for (int step = 0; step < 150; step++)
{
    var drawn = policy.Sample(train, completionsPerPrompt: 16, seed: step); // y ~ pi_theta(.|x)     plain data
    var scored = await scorer.ScoreAsync(drawn); // r(x,y), log pi_ref    plain data
    using var scope = torch.NewDisposeScope(); // tensors live below this line only
    var loss = ScoreFunction.Loss(policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
    adam.ZeroGrad();
    loss.backward();
    adam.Step();
}

var after = await evaluator.EvaluateAsync(policy, heldOut, completionsPerPrompt: 128, seed: 2, bestOf8);
Console.WriteLine($"After; effective N is how many draws one draw is worth now:\n{after}\n");

pair.Save("aligned-model"); // as it was loaded: Python reads it too
using var aligned = PretrainedCausalLm.Load("aligned-model");
foreach (var answer in new CausalLmPolicy(aligned.Model, aligned.PromptTokenizer, policy.Options).Sample(heldOut, 2, seed: 3))
    Console.WriteLine(answer.Prompt + answer.Text);
// end snippet
