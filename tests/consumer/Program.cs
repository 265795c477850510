using TorchSharp;
using VariationalBoN;
using VariationalBoN.Policies;
Console.WriteLine(string.Join(' ', new Uniform().LogProbValues([new Completion { Prompt = "x", Text = "y" }])));
sealed class Uniform : IPolicy
{
    public string Identity => "uniform";
    public IReadOnlyList<Completion> Sample(IReadOnlyList<string> prompts, int k, DrawSeed seed, CancellationToken c = default) => [];
    public torch.Tensor LogProb(IReadOnlyList<Completion> completions) => torch.zeros(completions.Count);
}
