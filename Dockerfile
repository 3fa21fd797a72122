FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
RUN useradd --create-home --uid 1000 sam

# torch first and alone, from an index of CPU builds: the index of all other packages may only have a
# build of several GB with CUDA. Whatever the first line could not fetch, the second does.
COPY requirements.txt .
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN torch=$(grep '^torch==' requirements.txt) \
    && { pip install --no-cache-dir --no-deps --timeout 5 --retries 0 --index-url "$TORCH_INDEX" "$torch" || true; } \
    && pip install --no-cache-dir "$torch"
RUN grep -v -e '^--extra-index-url' -e '^torch==' requirements.txt > /tmp/requirements.txt \
    && pip install --no-cache-dir -r /tmp/requirements.txt \
    && rm /tmp/requirements.txt

COPY . .
USER sam
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501"]
