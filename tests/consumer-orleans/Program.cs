// snippet: program
using Microsoft.Extensions.Hosting;
using VariationalBoN;
using VariationalBoN.Orleans;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;

(string role, string directory, int port) = (args[0], args[1], int.Parse(args[2]));
if (role == "silo") // one on each machine
{
    var builder = Host.CreateApplicationBuilder();
    builder.UseOrleans(silo => silo.UseLocalhostClustering(port, port + 1).AddVariationalBoN(_ => Models()));
    await builder.Build().RunAsync();
    return;
}

using var mine = Models(); // its policy trains, here
var options = new WorkerClusterOptions { Origin = mine.Scorer.Origin }; // workers with other models are refused
await using var cluster = await WorkerCluster.ConnectAsync(client => client.UseLocalhostClustering(port + 1), options);
Prompt[] prompts = ["The film was", "We saw it"];
using var table = await ReferenceTable.EstimateAsync(cluster.Reference, prompts, samplesPerPrompt: 32, seed: 1);
var objective = new ExactObjective(table.BestOf(n: 4));
await using var learner = cluster.CreateLearner(mine);
using var adam = new AdamW(mine.Parameters.Select(p => p.Value), learningRate: 1e-2);
for (int step = 0; step < 2; step++)
{
    long version = learner.Publish(); // the adapters alone
    var rollouts = await learner.RolloutsAsync(prompts, completionsPerPrompt: 4, seed: step);
    adam.ZeroGrad();
    var loss = await learner.BackwardAsync(rollouts, objective.LogTargets(rollouts.Scored), completionsPerPart: 4);
    adam.Step();
    Console.WriteLine($"version {version} of {cluster.Workers.Length} worker: loss {loss.Value:0.000}");
}

ClusterWorker Models() // the same at silos and learner
{
    var model = PretrainedCausalLm.Load(directory);
    var pair = model.WithReference(new GenerationOptions { MaxNewTokens = 8 }, new LoraOptions { Rank = 4 });
    var judge = RewardModel.FromFunction((prompt, text) => text.Count(char.IsLetter), "letters, version 1");
    return new ClusterWorker(new Scorer(pair.Reference, judge), pair.Policy) { Owned = [pair, model] };
}
// end snippet
