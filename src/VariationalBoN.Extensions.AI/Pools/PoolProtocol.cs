using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>The HTTP protocol of the servers of a pool.</summary>
[Experimental(ExperimentalIds.Pools)]
public enum PoolProtocol
{
    /// <summary>OpenAI's POST /v1/completions with vLLM's parameters (vLLM from 0.10.2, and servers that follow it):
    /// ids in, ids out by return_token_ids.</summary>
    Completions,

    /// <summary>llama.cpp's own POST /completion (llama-server): its OpenAI-compatible endpoint returns no ids. It stops
    /// at the model's own end tokens alone, and gives no log-probability of tokens that end within a character.</summary>
    LlamaCpp,
}
