"""Faces in vector databases: Qdrant, Milvus, Pinecone."""
