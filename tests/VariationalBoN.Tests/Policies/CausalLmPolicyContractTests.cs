namespace VariationalBoN.Tests.Policies;

[Trait("Kernels", "any")]
public sealed class CachedPolicyContractTests : PolicyContractTests
{
    protected override IReadOnlyList<Prompt> Prompts => ["1 2 3 4", "0", "2 2"];

    protected override IPolicy Create() =>
        new CausalLmPolicy(
            TinyModels.Gpt2(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions { MaxNewTokens = 4, StopTokens = [5] }
        );
}

[Trait("Kernels", "any")]
public sealed class RecomputingPolicyContractTests : PolicyContractTests
{
    protected override IReadOnlyList<Prompt> Prompts => ["1 2 3 4", "0", "2 2"];

    protected override IPolicy Create() =>
        new CausalLmPolicy(
            new PlainModule(TinyModels.Gpt2()),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 4,
                StopTokens = [5],
                RowsPerBatch = 3,
                DegreeOfParallelism = 2,
            }
        );
}

[Trait("Kernels", "any")]
public sealed class TruncatingPolicyContractTests : PolicyContractTests
{
    protected override IReadOnlyList<Prompt> Prompts => ["1 2 3 4", "0", "2 2"];

    protected override IPolicy Create() =>
        new CausalLmPolicy(
            TinyModels.Gpt2(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 4,
                StopTokens = [5],
                Temperature = 1.5,
                TopK = 4,
                TopP = 0.9,
            }
        );
}
