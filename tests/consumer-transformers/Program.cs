using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Extensions.AI.Hosting;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;

if (args is not [string directory])
{
    Console.Error.WriteLine("One argument is needed: the directory of a language model in Hugging Face's layout.");
    return 2;
}

torch.set_num_threads(1);
Prompt[] prompts = ["The film was", "The story"];
string saved = Path.Combine(Directory.CreateTempSubdirectory("consumer-").FullName, "model"),
    adapters = $"{saved}-adapter";

// Load: one set of weights, with adapters for the policy and without them for the reference.
using var start = PretrainedCausalLm.Load(directory);
using var pair = start.WithReference(
    new GenerationOptions { MaxNewTokens = 6, StopTokens = start.StopTokens },
    new LoraOptions { Rank = 4 },
    seed: 1
);
var (policy, reference) = (pair.Policy, pair.Reference);

// Sample, score, take a step.
var reward = RewardModel.FromFunction((_, text) => text.Length, "length of the text");
var scorer = new Scorer(reference, reward);
var table = await ReferenceTable.EstimateAsync(scorer, prompts, samplesPerPrompt: 16, seed: 1);
var objective = new ExactObjective(table.BestOf(n: 4));
var scored = await scorer.ScoreAsync(policy.Sample(prompts, completionsPerPrompt: 8, seed: 2));
double[] before = LogProbs(policy),
    unchanged = LogProbs(reference);
using (var adam = new AdamW(policy.Parameters, learningRate: 0.01))
using (torch.NewDisposeScope())
{
    var loss = ScoreFunction.Loss(policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
    loss.backward();
    adam.Step();
}

double[] after = LogProbs(policy);

// Save merged weights and adapters, load both again.
pair.Save(saved);
pair.Network.SaveLora(adapters);
using var again = PretrainedCausalLm.Load(saved);
using var adaptedAgain = start.Model.LoadLora(adapters);

// Serve what was saved, as a host does.
var services = new ServiceCollection().AddLogging();
services.AddVariationalBoN(options => (options.Model, options.MaxNewTokens) = (saved, 6));
await using var host = services.BuildServiceProvider();
var served = await host.GetRequiredService<IChatClient>().GetResponseAsync(prompts[0].Text, new ChatOptions { Seed = 3 });
string drawn = Policy(again.Model).Sample([prompts[0]], completionsPerPrompt: 1, new DrawSeed(3, DrawPurpose.Serving))[0].Text;

Console.WriteLine($"{start.Model.GetName()}: '{scored[0].Completion.Prompt}' -> '{scored[0].Completion.Text}'");
bool[] held =
[
    Check("the adapters leave the start as it is", Difference(before, unchanged) < 1e-4),
    Check("a step changes the policy", Difference(after, before) > 1e-4),
    Check("a step leaves the reference alone", Difference(LogProbs(reference), unchanged) == 0),
    Check("the merged model that was saved is the policy", Difference(LogProbs(Policy(again.Model)), after) < 1e-3),
    Check("the adapters that were saved are the policy's", Difference(LogProbs(Policy(adaptedAgain)), after) == 0),
    Check("the chat client of a host draws from the model that was saved", served.Text == drawn),
];
Directory.Delete(Path.GetDirectoryName(saved)!, recursive: true);
return held.All(holds => holds) ? 0 : 1;

CausalLmPolicy Policy(CausalTransformer model) => new(model, start.Tokenizer, policy.Options);

double[] LogProbs(CausalLmPolicy of) => of.LogProbValues(scored.Completions);

static double Difference(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

static bool Check(string what, bool holds)
{
    Console.WriteLine($"{(holds ? "ok    " : "FAILED")} {what}");
    return holds;
}
